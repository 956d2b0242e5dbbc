"""Selection of a camera's topics among the topics of a bag."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import commonpath

from scenerep_ros.errors import SourceError

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"

COLOR_ENDINGS = (
    "/rgb/image_color",  # TUM, openni_camera
    "/color/image_raw",  # RealSense
    "/rgb/image_raw",  # Azure Kinect, openni2_camera
    "/rgb/image_rect_color",
    "/color/image_rect",
    "/image_color",
    "/image_raw",
)
"""Endings of the color topics of common drivers, in order of preference."""
DEPTH_ENDINGS = (
    "/aligned_depth_to_color/image_raw",  # RealSense
    "/depth_to_rgb/image_raw",  # Azure Kinect
    "/depth_registered/image_raw",  # openni2_camera
    "/depth_registered/image",
    "/depth_registered/image_rect",
    "/depth/image",  # TUM
)
"""Endings of the topics of common drivers with depth registered to color, in order of preference."""

EXCLUDED_WORDS = ("depth", "infra", "/ir/", "disparity", "mask", "label", "confidence")
"""Parts of names of image topics that are not color."""


@dataclass(frozen=True)
class CameraTopics:
    """Names of one camera's topics; depth and camera_info may be missing."""

    color: str
    depth: str | None
    camera_info: str | None

    @property
    def is_depth_registered(self) -> bool:
        """True if the name of the depth topic states that depth is registered to color."""
        return self.depth is not None and self.depth.endswith(DEPTH_ENDINGS)


def choose_topics(types: dict[str, str]) -> CameraTopics:
    """Choose the topics of a camera by their types and by the names that common drivers use.

    Args:
        types: message type of each topic.

    Raises:
        SourceError: if no topic has color images; the message lists the topics.
    """
    colors = [topic for topic in types if _is_color(topic, types[topic])]
    if not colors:
        listing = ", ".join(
            f"{topic} ({message_type})" for topic, message_type in sorted(types.items())
        )
        raise SourceError(
            f"no topic has color images ({IMAGE} or {COMPRESSED}); topics: {listing or 'none'}"
        )
    color = min(
        colors, key=lambda topic: (_preference(_without_transport(topic), COLOR_ENDINGS), topic)
    )
    depths = [topic for topic in types if types[topic] == IMAGE and "depth" in topic]
    infos = [topic for topic in types if types[topic] == CAMERA_INFO and _has_color_name(topic)]
    return CameraTopics(
        color,
        depth=min(
            depths,
            key=lambda topic: (_preference(topic, DEPTH_ENDINGS), _namespace_key(topic, color)),
            default=None,
        ),
        camera_info=min(infos, key=lambda topic: _namespace_key(topic, color), default=None),
    )


def _is_color(topic: str, message_type: str) -> bool:
    return message_type in (IMAGE, COMPRESSED) and _has_color_name(topic)


def _has_color_name(topic: str) -> bool:
    return not any(word in topic.lower() for word in EXCLUDED_WORDS)


def _without_transport(topic: str) -> str:
    """Return the base topic of an image transport."""
    return topic.removesuffix("/compressed")


def _preference(topic: str, endings: tuple[str, ...]) -> int:
    """Return the index of the first ending of a topic, or the number of endings."""
    matches = (index for index, ending in enumerate(endings) if f"/{topic}".endswith(ending))
    return next(matches, len(endings))


def _namespace_key(topic: str, color: str) -> tuple[int, str]:
    """Return a sort key that puts topics of the color topic's namespace first."""
    return -len(commonpath([f"/{topic}", f"/{color}"])), topic
