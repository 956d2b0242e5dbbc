"""Choice of the camera_info that describes a camera's color images."""

from __future__ import annotations

from collections.abc import Sequence

from scenerep_ros.sources.bags.messages import CAMERA_INFO
from scenerep_ros.sources.bags.topic_content import TopicContent
from scenerep_ros.sources.bags.topic_names import (
    TopicName,
    affinity,
    parse_topic,
    without_transport,
)


def choose_calibration(
    color: TopicContent, contents: Sequence[TopicContent]
) -> TopicContent | None:
    """Choose the camera_info of a color topic; None if no topic can be that.

    Args:
        color: topic of the color images.
        contents: content of each topic with messages.
    """
    color_name = parse_topic(color.topic)
    candidates = [
        item
        for item in contents
        if item.message_type == CAMERA_INFO and _may_describe(item, color, color_name)
    ]

    def rank(item: TopicContent) -> tuple[object, ...]:
        name = parse_topic(item.topic)
        return (
            not _is_companion(item.topic, color.topic),
            -_shared_components(item.topic, color.topic) if name.words == color_name.words else 0,
            item.frame_id != color.frame_id,
            item.size != color.size,
            name.words != color_name.words,
            -affinity(name, color_name),
            item.topic,
        )

    return min(candidates, key=rank, default=None)


def _may_describe(item: TopicContent, color: TopicContent, color_name: TopicName) -> bool:
    """Return whether a camera_info may be that of the color camera."""
    name = parse_topic(item.topic)
    has_frame = bool(item.frame_id) and item.frame_id == color.frame_id
    if not affinity(name, color_name):
        return False
    is_other_stream = (name.is_depth or name.is_other) and name.words != color_name.words
    return not is_other_stream or (has_frame and item.size == color.size)


def _is_companion(info: str, color: str) -> bool:
    """Return whether a camera_info lies beside an image or below it, as image_transport has it."""
    image = without_transport(color)
    return info.rpartition("/")[0] in (image.rpartition("/")[0], image)


def _shared_components(first: str, second: str) -> int:
    """Return the number of leading components that two topics share."""
    pairs = zip(first.strip("/").split("/"), second.strip("/").split("/"), strict=False)
    count = 0
    for a, b in pairs:
        if a != b:
            break
        count += 1
    return count
