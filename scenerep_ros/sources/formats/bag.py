"""ROS 1 bags (.bag) and ROS 2 bags (rosbag2 folder, .mcap, .db3), read without ROS."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.sources.bags.pairing import MessagePair, pair_messages
from scenerep_ros.sources.bags.reader import (
    STORAGE_SUFFIXES,
    first_calibration,
    is_bag_folder,
    open_bag,
    read_messages,
    sample_stamps,
)
from scenerep_ros.sources.bags.stamps import StampRepair
from scenerep_ros.sources.bags.topic_content import read_contents
from scenerep_ros.sources.bags.topics import CameraTopics, choose_topics
from scenerep_ros.sources.compressed_depth import decode_compressed_depth
from scenerep_ros.sources.depth_units import depth_unit_factor
from scenerep_ros.sources.file_source import SAMPLE_COUNT
from scenerep_ros.sources.image_decoding import (
    MILLIMETERS,
    decode_color,
    decode_compressed_color,
    decode_depth,
    image_fields,
)
from scenerep_ros.sources.options import DEFAULTS, SourceOptions
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.sequential import SequentialSource
from scenerep_ros.sources.timing import frame_rate

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader
    from typing_extensions import Self

log = logging.getLogger(__name__)


class _BagSource(SequentialSource):
    """Color images of one camera, each with the nearest depth image if the bag has depth.

    There is one frame per color message; in a bag with depth, a color message without a depth
    message within the slop is an unreadable frame. The index of the color message names the frame.

    Attributes:
        path: file or folder of the bag.
        topics: names of the topics that are read.

    Raises:
        SourceError: if the bag cannot be read, or has no topic of color images.
    """

    path: Path
    topics: CameraTopics

    def __init__(self, path: Path, options: SourceOptions = DEFAULTS) -> None:
        self.path = path
        self._options = options
        with open_bag(path) as reader:
            self.topics = self._choose_topics(reader)
            self._length = reader.topics[self.topics.color].msgcount
            self._calibration = self._read_calibration(reader)
            self._samples = sample_stamps(reader, self.topics.color)
            self._depth_factor = self._find_depth_factor(reader)
        repair = StampRepair(self.topics.color, self._samples)
        super().__init__(path.resolve().stem, frame_rate([repair(*each) for each in self._samples]))

    @classmethod
    def open(cls, path: Path, options: SourceOptions) -> Self:
        """Open a recording with options."""
        return cls(path, options)

    def __len__(self) -> int:
        return self._length

    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        count = 0
        slop_ns = self._options.sync_slop_ns
        with open_bag(self.path) as reader:
            messages = read_messages(reader, self.topics.color, self.topics.depth, self._samples)
            for count, pair in enumerate(pair_messages(messages, slop_ns), start=1):
                yield self._frame(count - 1, pair)
        if count < len(self):
            yield FrameError(
                f"{self.format_name} {self.path}: ends after {count} of {len(self)} color images; "
                "it is damaged or truncated"
            )

    def _frame(self, index: int, pair: MessagePair) -> RGBDFrame | FrameError:
        try:
            color = self._decode_color(pair)
            return RGBDFrame(
                color=color,
                depth=self._decode_depth(pair),
                intrinsics=self._intrinsics((color.shape[0], color.shape[1])),
                stamp_ns=pair.color.stamp_ns,
                frame_id=pair.color.message.header.frame_id.lstrip("/"),
                name=self.frame_name(index),
            )
        except FrameError as error:
            return error

    def _decode_color(self, pair: MessagePair) -> NDArray[np.uint8]:
        name, message = f"color topic {self.topics.color}", pair.color.message
        if message is None:
            raise FrameError(f"{name}: message is damaged")
        if hasattr(message, "encoding"):
            return decode_color(*image_fields(message), name)
        return decode_compressed_color(message.data, name)

    def _decode_depth(self, pair: MessagePair) -> NDArray[np.float32] | None:
        if self.topics.depth is None:
            return None
        name = f"depth topic {self.topics.depth}"
        if pair.depth is None or pair.depth.message is None:
            slop_ms = self._options.sync_slop_ns / 1e6
            raise FrameError(
                f"{name}: no readable message within {slop_ms:g} ms of color; if the camera triggers "
                "color and depth apart, raise sync_slop"
            )
        depth = _decode_depth_message(pair.depth.message, name)
        return depth if self._depth_factor == 1 else depth * np.float32(self._depth_factor)

    def _find_depth_factor(self, reader: AnyReader) -> float:
        """Return the factor that corrects the unit of depth, from the first depth images."""
        if self.topics.depth is None:
            return 1.0
        messages = islice(read_messages(reader, self.topics.depth, None), SAMPLE_COUNT)
        readable = [item.message for item in messages if item.message is not None]
        depths = []
        for message in readable:
            with suppress(FrameError):  # it is reported with its frame
                depths.append(_decode_depth_message(message, self.topics.depth))
        is_float = any("32FC1" in (_encoding(message)) for message in readable)
        scale = 1.0 if is_float else MILLIMETERS
        return depth_unit_factor(str(self.path), depths, scale, is_float)

    def _choose_topics(self, reader: AnyReader) -> CameraTopics:
        try:
            topics = choose_topics(read_contents(reader), self._options)
        except SourceError as error:
            raise SourceError(f"{self.format_name} {self.path}: {error}") from None
        log.info(
            "%s: color %s, depth %s, calibration %s%s",
            self.path,
            topics.color,
            topics.depth or "none",
            topics.camera_info or "none",
            f"; left out {', '.join(topics.left_out)}" if topics.left_out else "",
        )
        if topics.other_cameras and not self._options.chooses_topics:
            log.warning(
                "%s: other cameras %s are left out; the option camera chooses one",
                self.path,
                ", ".join(topics.other_cameras),
            )
        if topics.depth and not topics.is_depth_registered:
            log.warning(
                "%s: %s may not be registered to color; if masks and depth disagree, record the "
                "registered depth of the driver",
                self.path,
                topics.depth,
            )
        return topics

    def _read_calibration(self, reader: AnyReader) -> Calibration | None:
        """Return the first calibration with focal lengths: drivers may begin with zeros."""
        calibration = first_calibration(reader, self.topics.camera_info)
        if calibration is None:
            log.warning("%s: no camera_info, so there are no clouds", self.path)
        return calibration

    def _intrinsics(self, shape: tuple[int, int]) -> Intrinsics | None:
        """Compute the intrinsics of an image of (H, W); None if they do not fit, with a warning."""
        if self._calibration is None:
            return None
        try:
            return self._calibration.intrinsics(shape, self.topics.color)
        except FrameError as error:
            log.warning("%s: %s; so there are no clouds", self.path, error)
            self._calibration = None
            return None


@SOURCES.register("ros1_bag")
class Ros1Bag(_BagSource):
    """ROS 1 bag."""

    format_name = "ROS 1 bag"
    format_description = "a .bag file"
    detection_priority = 60

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the file has the suffix of a ROS 1 bag."""
        return path.is_file() and path.suffix.lower() == ".bag"


@SOURCES.register("rosbag2")
class Rosbag2(_BagSource):
    """ROS 2 bag: its folder, or one of its storage files."""

    format_name = "rosbag2"
    format_description = "a folder with metadata.yaml, a .mcap or a .db3 file"
    detection_priority = 50

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the path is a storage file, or a folder of one recording."""
        if path.is_dir():
            return is_bag_folder(path)
        return path.suffix.lower() in STORAGE_SUFFIXES and path.is_file()


def _decode_depth_message(message: Any, name: str) -> NDArray[np.float32]:
    if hasattr(message, "encoding"):
        return decode_depth(*image_fields(message), name)
    return decode_compressed_depth(message.data, message.format, name)


def _encoding(message: Any) -> str:
    return str(getattr(message, "encoding", None) or message.format)
