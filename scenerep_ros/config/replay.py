"""Options of the node `replay`."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.config.options import START_ONLY, TopicOptions


class ReplayConfig(TopicOptions):
    """Parameters of the node `replay`."""

    source: str = Field(
        "",
        description="Recording: TUM folder, bag, image folder or video.",
        json_schema_extra=START_ONLY,
    )
    rate: float = Field(
        -1.0,
        ge=-1.0,
        le=1000.0,
        description="Frame rate [Hz]. -1: as recorded. 0: each frame follows the output for the "
        "previous one.",
        json_schema_extra=START_ONLY,
    )
    loop: bool = Field(
        False,
        description="Restart at the end. Stamps jump back to the start, as those of a looping bag.",
        json_schema_extra=START_ONLY,
    )
    clock: bool = Field(
        False,
        description="Publish the stamp of each frame on /clock before the frame.",
        json_schema_extra=START_ONLY,
    )
    max_frames: int = Field(
        0,
        ge=0,
        description="Number of frames after which replay stops. 0: all.",
        json_schema_extra=START_ONLY,
    )
    camera: str = Field(
        "",
        description="Namespace of the camera to replay, for bags with several, such as /front. Empty: "
        "the camera with the most complete data.",
        json_schema_extra=START_ONLY,
    )
    sync_slop: float = Field(
        0.02,
        ge=0.0,
        le=1.0,
        description="Maximum difference between the stamps of a color and a depth image of a bag [s].",
        json_schema_extra=START_ONLY,
    )
    subscriber_timeout: float = Field(
        60.0,
        ge=0.0,
        le=3600.0,
        description="Maximum wait for a subscriber before the first frame [s].",
        json_schema_extra=START_ONLY,
    )
    feedback_topic: str = Field(
        "auto",
        description="Topic (sensor_msgs/Image) whose message of the same stamp releases the next frame "
        "at rate 0. auto: the labels of every segmenter that subscribes to the color topic. Empty: "
        "none, each frame follows the delivery of the previous one.",
        json_schema_extra=START_ONLY,
    )
    report_file: str = Field(
        "",
        description="JSON file to which the frame counts are written before the exit. Empty: none.",
        json_schema_extra=START_ONLY,
    )
