"""Which of a bag's topics are the camera's."""

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
DEPTH_ENDINGS = (
    "/aligned_depth_to_color/image_raw",  # RealSense
    "/depth_to_rgb/image_raw",  # Azure Kinect
    "/depth_registered/image_raw",  # openni2_camera
    "/depth_registered/image",
    "/depth_registered/image_rect",
    "/depth/image",  # TUM
)
"""Endings of the usual drivers' names, best first; these depths are registered to colour."""

NOT_COLOR = ("depth", "infra", "/ir/", "disparity", "mask", "label", "confidence")


@dataclass(frozen=True)
class CameraTopics:
    """Names of one camera's topics; depth and camera_info may be missing."""

    color: str
    depth: str | None
    camera_info: str | None

    @property
    def registered(self) -> bool:
        """Whether the depth's name promises that it is registered to colour."""
        return self.depth is not None and self.depth.endswith(DEPTH_ENDINGS)


def choose_topics(types: dict[str, str]) -> CameraTopics:
    """Find the camera among a bag's topics, by type and by the names that drivers use.

    Args:
        types: message type of each topic.

    Raises:
        SourceError: listing the topics, if none is a colour image.
    """
    colors = [topic for topic in types if _is_color(topic, types[topic])]
    if not colors:
        listing = ", ".join(f"{topic} ({kind})" for topic, kind in sorted(types.items()))
        raise SourceError(
            f"no topic is a colour image ({IMAGE} or {COMPRESSED}); topics: {listing or 'none'}"
        )
    color = min(colors, key=lambda topic: (_rank(_base(topic), COLOR_ENDINGS), topic))
    depths = [topic for topic in types if types[topic] == IMAGE and "depth" in topic]
    infos = [topic for topic in types if types[topic] == CAMERA_INFO and _may_be_color(topic)]
    return CameraTopics(
        color,
        depth=min(
            depths,
            key=lambda topic: (_rank(topic, DEPTH_ENDINGS), _near(topic, color)),
            default=None,
        ),
        camera_info=min(infos, key=lambda topic: _near(topic, color), default=None),
    )


def _is_color(topic: str, kind: str) -> bool:
    return kind in (IMAGE, COMPRESSED) and _may_be_color(topic)


def _may_be_color(topic: str) -> bool:
    return not any(word in topic.lower() for word in NOT_COLOR)


def _base(topic: str) -> str:
    """Name of the camera's topic that a transport's topic carries."""
    return topic.removesuffix("/compressed")


def _rank(topic: str, endings: tuple[str, ...]) -> int:
    matches = (place for place, ending in enumerate(endings) if f"/{topic}".endswith(ending))
    return next(matches, len(endings))


def _near(topic: str, color: str) -> tuple[int, str]:
    """Sort key: topics of the colour topic's own namespace first."""
    return -len(commonpath([f"/{topic}", f"/{color}"])), topic
