"""Content of the topics of a bag: what their first message shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from scenerep_ros.sources.bags.messages import (
    CAMERA_INFO,
    COMPRESSED,
    IMAGE,
    MessageDeserializer,
)
from scenerep_ros.sources.bags.topic_names import parse_topic
from scenerep_ros.sources.color_encodings import COLOR_LAYOUTS
from scenerep_ros.sources.compressed_depth import HEADER, is_depth_format
from scenerep_ros.sources.image_decoding import DEPTH_DTYPES, PNG_START

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader

GRAY_ENCODINGS = ("mono8", "mono16", "8UC1", "16UC1")
PNG_GRAY, PNG_DEPTH_BITS = 0, 16
"""constant: color type and bits of a PNG that holds depth."""


class Kind(Enum):
    """Kind of images of a topic."""

    COLOR = "color"
    GRAY = "gray"
    DEPTH = "depth"


@dataclass(frozen=True)
class TopicContent:
    """Content of a topic.

    Attributes:
        topic: name.
        message_type: type, such as sensor_msgs/msg/Image.
        count: number of messages.
        encoding: encoding of an image; "" if unknown.
        frame_id: coordinate frame of the first message.
        size: width and height of an image or of a calibration [px]; (0, 0) if unknown.
    """

    topic: str
    message_type: str
    count: int = 1
    encoding: str = ""
    frame_id: str = ""
    size: tuple[int, int] = (0, 0)

    @property
    def is_compressed(self) -> bool:
        """True for compressed images."""
        return self.message_type == COMPRESSED

    @property
    def kind(self) -> Kind | None:
        """Kind of the images; None for other messages, and for images of unknown kind."""
        if self.message_type not in (IMAGE, COMPRESSED):
            return None
        name = parse_topic(self.topic)
        if self.encoding in GRAY_ENCODINGS:
            is_depth = name.is_depth or (self.encoding == "16UC1" and not name.is_other)
            return Kind.DEPTH if is_depth else Kind.GRAY
        if self.encoding in DEPTH_DTYPES:
            return None if name.may_be_other else Kind.DEPTH
        # An unknown encoding is reported with the frame, if no other topic has color.
        return Kind.DEPTH if not self.encoding and name.is_depth else Kind.COLOR

    @property
    def is_metric(self) -> bool:
        """True if the encoding is one of depth; images of 8 bits are drawings of depth."""
        return self.encoding in DEPTH_DTYPES

    @property
    def description(self) -> str:
        """Name, type and encoding, for messages."""
        return f"{self.topic} ({', '.join(filter(None, (self.message_type, self.encoding)))})"


def read_contents(reader: AnyReader) -> list[TopicContent]:
    """Read the first message of each topic of images and calibrations; others have their type only."""
    contents = []
    for topic, info in reader.topics.items():
        if not info.msgcount:
            continue
        message_type = str(info.msgtype)
        content = TopicContent(topic, message_type, info.msgcount)
        if message_type in (IMAGE, COMPRESSED, CAMERA_INFO):
            content = _describe(content, _first_message(reader, topic))
        contents.append(content)
    return contents


def _first_message(reader: AnyReader, topic: str) -> Any:
    """Return the first message of a topic, or None if it cannot be read."""
    connections = [each for each in reader.connections if each.topic == topic]
    try:
        for connection, _, data in reader.messages(connections):
            return MessageDeserializer(reader)(connection, data)
    except Exception:  # damaged bytes can make rosbags raise any exception
        pass
    return None


def _describe(content: TopicContent, message: Any) -> TopicContent:
    """Add what a message shows; an unreadable message adds nothing."""
    if message is None:
        return content
    is_compressed = content.is_compressed
    encoding = _compressed_encoding(message) if is_compressed else getattr(message, "encoding", "")
    size = (0, 0) if is_compressed else (int(message.width), int(message.height))
    return TopicContent(
        content.topic,
        content.message_type,
        content.count,
        encoding,
        message.header.frame_id.lstrip("/"),
        size,
    )


def _compressed_encoding(message: Any) -> str:
    """Return the encoding of a compressed image: that of its format, or of a PNG's header."""
    named = message.format.partition(";")[0].strip()
    if is_depth_format(message.format):
        return "32FC1" if named == "32FC1" else "16UC1"
    if named in COLOR_LAYOUTS:
        return str(named)
    data = bytes(message.data[: HEADER.size + 32])
    if data[HEADER.size :].startswith(PNG_START):  # compressedDepth, whose format field is empty
        return "16UC1"
    is_png = data.startswith(PNG_START) and len(data) > len("header" * 4) + 1
    is_depth = is_png and data[25] == PNG_GRAY and data[24] == PNG_DEPTH_BITS
    return "mono16" if is_depth else "rgb8"
