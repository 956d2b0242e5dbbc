"""Recordings of ROS 1 (.bag) and ROS 2 (rosbag2 folder, .mcap, .db3), read without ROS."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources.bags.reader import first_message, open_bag, read_messages
from scenerep_ros.sources.bags.topics import CameraTopics, choose_topics
from scenerep_ros.sources.file_source import DEFAULT_RATE
from scenerep_ros.sources.folders.association import SLOP_NS
from scenerep_ros.sources.folders.pairing import Pair, pair_messages
from scenerep_ros.sources.image_decoding import decode_color, decode_compressed_color, decode_depth
from scenerep_ros.sources.sequential import SequentialSource

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader

log = logging.getLogger(__name__)

STORAGE_SUFFIXES = {".mcap", ".db3"}


class _Bag(SequentialSource):
    """The colour images of one camera, each with the depth nearest to it where there is depth.

    There is a frame for every colour message; in a bag with depth, one without depth near it is a
    bad frame. Frames are named by their index among the colour messages.

    Attributes:
        topics: what is read.

    Raises:
        SourceError: if the bag cannot be read, or no topic is a colour image.
    """

    topics: CameraTopics

    def __init__(self, path: Path) -> None:
        self._paths = _storage(path)
        self._path = path
        with open_bag(self._paths) as reader:
            self.topics = self._choose_topics(reader)
            self._length = reader.topics[self.topics.color].msgcount
            self._intrinsics = self._read_intrinsics(reader)
            seconds = reader.duration * 1e-9
        rate = (self._length - 1) / seconds if self._length > 1 and seconds > 0 else DEFAULT_RATE
        super().__init__(path.resolve().stem, rate)

    def __len__(self) -> int:
        return self._length

    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        index = -1
        with open_bag(self._paths) as reader:
            messages = read_messages(reader, self.topics.color, self.topics.depth)
            for index, pair in enumerate(pair_messages(messages)):
                yield self._frame(index, pair)
        if index + 1 < len(self):
            yield FrameError(
                f"{self.kind} {self._path}: ends after {index + 1} of {len(self)} colour images; "
                "it is damaged or was cut short"
            )

    def _frame(self, index: int, pair: Pair) -> RGBDFrame | FrameError:
        try:
            return RGBDFrame(
                color=self._color(pair),
                depth=self._depth(pair),
                intrinsics=self._intrinsics,
                stamp_ns=pair.color.stamp,
                frame_id=pair.color.message.header.frame_id.lstrip("/"),
                name=self.frame_name(index),
            )
        except FrameError as error:
            return error

    def _color(self, pair: Pair) -> NDArray[np.uint8]:
        name, message = f"colour topic {self.topics.color}", pair.color.message
        if message is None:
            raise FrameError(f"{name}: message is damaged")
        if hasattr(message, "encoding"):
            return decode_color(*_fields(message), name)
        return decode_compressed_color(message.data, name)

    def _depth(self, pair: Pair) -> NDArray[np.float32] | None:
        if self.topics.depth is None:
            return None
        name = f"depth topic {self.topics.depth}"
        if pair.depth is None or pair.depth.message is None:
            raise FrameError(f"{name}: no readable message within {SLOP_NS // 10**6} ms of colour")
        return decode_depth(*_fields(pair.depth.message), name)

    def _choose_topics(self, reader: AnyReader) -> CameraTopics:
        types = {name: str(info.msgtype) for name, info in reader.topics.items() if info.msgcount}
        try:
            topics = choose_topics(types)
        except SourceError as error:
            raise SourceError(f"{self.kind} {self._path}: {error}") from None
        log.info("%s: reading %s", self._path, topics)
        if topics.depth and not topics.registered:
            log.warning(
                "%s: %s may not be registered to colour; where masks and depth disagree, record "
                "the driver's registered depth",
                self._path,
                topics.depth,
            )
        return topics

    def _read_intrinsics(self, reader: AnyReader) -> Intrinsics | None:
        topic = self.topics.camera_info
        info = first_message(reader, topic) if topic else None
        if info is None:
            log.warning("%s: no camera_info, so there are no clouds", self._path)
            return None
        k = info.k if hasattr(info, "k") else info.K
        try:
            return Intrinsics(float(k[0]), float(k[4]), float(k[2]), float(k[5]))
        except FrameError as error:
            log.warning("%s: %s: %s; so there are no clouds", self._path, topic, error)
            return None


class Ros1Bag(_Bag):
    """A ROS 1 bag."""

    kind = "ROS 1 bag"
    looks_like = "a .bag file"

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether the name is a bag's."""
        return path.is_file() and path.suffix == ".bag"


class Rosbag2(_Bag):
    """A ROS 2 bag: its folder, or one file of it."""

    kind = "rosbag2"
    looks_like = "a folder with metadata.yaml, a .mcap or a .db3 file"

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether it is a storage file, or a folder of some."""
        if path.is_dir():
            return (path / "metadata.yaml").exists() or bool(_storage_files(path))
        return path.suffix in STORAGE_SUFFIXES and path.is_file()


def _storage(path: Path) -> list[Path]:
    """What to open: a recorder that was killed leaves files without metadata."""
    if path.is_dir() and not (path / "metadata.yaml").exists():
        return _storage_files(path)
    return [path]


def _storage_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in STORAGE_SUFFIXES)


def _fields(message: Any) -> tuple[Any, int, int, str, int, bool]:
    """Fields of a sensor_msgs/Image, in the order in which the decoders take them."""
    return (
        message.data,
        message.height,
        message.width,
        message.encoding,
        message.step,
        bool(message.is_bigendian),
    )
