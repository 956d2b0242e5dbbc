"""Recordings in shards: every frame is an item of a LitData data set, read by its index.

An item is a list:
    - color: JPEG, bytes
    - depth: TIFF of 16 bits in units of DEPTH_SCALE, or no bytes
    - labels: PNG of 16 bits, or no bytes
    - description: JSON of the frame's recording, name, stamp [ns], pose (4x4, camera to world) and
      intrinsics; or of the error that made it unreadable

index.json is LitData's index of the chunks. Its key `recordings` lists name, rate [Hz] and number
of frames of each recording, and whether its frames are paired, in the order of their items.
"""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ConfigError, FrameError, SourceError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource
from scenerep_ros.sources.image_decoding import (
    decode_compressed_color,
    decode_compressed_mono,
    metric_depth,
)
from scenerep_training.data.unpacked import DEPTH_SCALE, JPEG_QUALITY, depth_units
from scenerep_training.data.unpacking import FAST_SUFFIXES
from scenerep_training.datasets.shards.index import RECORDINGS
from scenerep_training.datasets.shards.storage import Item, ShardStorage


def open_shards(storage: ShardStorage, odometry: bool = False) -> list[Source]:
    """Open the recordings of shards, in their order.

    Args:
        storage: place of the shards.
        odometry: refuse recordings with depth and without poses.

    Raises:
        ConfigError: if poses would have to be estimated.
        SourceError: if the index is damaged.
    """
    recordings: list[Source] = []
    start = 0
    for entry in storage.read_index()[RECORDINGS]:
        try:
            source = ShardedRecording(
                storage, entry["name"], entry["rate"], (start, entry["frames"]), entry["has_pairs"]
            )
        except (KeyError, TypeError) as error:
            raise SourceError(f"{storage}: a recording lacks {error}; write it again") from None
        recordings.append(source)
        start += entry["frames"]
    if odometry:
        _check_poses(recordings)
    return recordings


def _check_poses(recordings: list[Source]) -> None:
    for recording in recordings:
        first = next(iter(recording), None)
        if first is not None and first.depth is not None and first.pose is None:
            raise ConfigError(
                f"{recording.name}: has no poses, and shards keep those that they were written with; "
                "write them with `scenerep-train shards --odometry`"
            )


class ShardedRecording(Source):
    """One recording of shards.

    Args:
        storage: place of the shards.
        name: name of the recording.
        rate: frame rate [Hz].
        items: index of the item of its first frame, and number of frames.
        is_continuous: whether neighboring frames show one scene.
    """

    format_name = "shards"

    def __init__(
        self,
        storage: ShardStorage,
        name: str,
        rate: float,
        items: tuple[int, int],
        is_continuous: bool = True,
    ) -> None:
        super().__init__(name, rate)
        self.is_continuous = is_continuous
        self._storage = storage
        self._start, self._length = items
        self._last_item: tuple[int, Item] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_last_item": None}

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> RGBDFrame:
        return self._frame(index, with_depth=True)

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without decoding its depth.

        Raises:
            IndexError: if there is no such frame.
            FrameError: if it cannot be read, or could not be when it was written.
        """
        return self._frame(index, with_depth=False)

    def frame_name(self, index: int) -> str:
        """Return the name of a frame; its number if its item cannot be read."""
        try:
            return str(self._description(index)["name"])
        except FrameError:
            return super().frame_name(index)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, 0 = background, or None.

        Raises:
            FrameError: if the item cannot be read.
        """
        labels = self._item(index)[2]
        if not labels:
            return None
        return decode_compressed_mono(labels, self._label(index)).astype(np.uint16)

    def _frame(self, index: int, with_depth: bool) -> RGBDFrame:
        description = self._description(index)
        if "error" in description:
            raise FrameError(description["error"])
        color, depth, *_ = self._item(index)
        intrinsics, pose = description["intrinsics"], description["pose"]
        return RGBDFrame(
            color=decode_compressed_color(color, self._label(index)),
            depth=self._depth(depth, index) if depth and with_depth else None,
            intrinsics=None if intrinsics is None else Intrinsics(**intrinsics),
            stamp_ns=description["stamp"],
            name=description["name"],
            pose=None if pose is None else np.array(pose),
        )

    def _depth(self, content: bytes, index: int) -> NDArray[np.float32]:
        return metric_depth(decode_compressed_mono(content, self._label(index)), DEPTH_SCALE)

    def _description(self, index: int) -> dict[str, Any]:
        return dict(json.loads(self._item(index)[3]))

    def _item(self, index: int) -> Item:
        """Read an item; the last one is kept, as its image and its labels are read in turn."""
        if not 0 <= index < self._length:
            raise IndexError(index)
        if self._last_item is None or self._last_item[0] != index:
            self._last_item = index, self._storage.read_item(self._start + index)
        return self._last_item[1]

    def _label(self, index: int) -> str:
        return f"{self._storage}: {self.name}, frame {index}"


def encode_frame(source: FileSource, index: int) -> Item:
    """Return the item of a frame; an unreadable frame is logged, and its item holds the error."""
    identity = {"recording": source.name, "name": source.frame_name(index)}
    try:
        frame, labels = source[index], source.ground_truth(index)
        color = _color_bytes(source, index, frame)
    except FrameError as error:
        source.skip(identity["name"], str(error))
        return [b"", b"", b"", json.dumps(identity | {"error": str(error)})]
    description = identity | {
        "stamp": frame.stamp_ns,
        "pose": None if frame.pose is None else frame.pose.tolist(),
        "intrinsics": frame.intrinsics and vars(frame.intrinsics),
    }
    depth = b"" if frame.depth is None else _encode(".tiff", depth_units(frame.depth))
    return [
        color,
        depth,
        b"" if labels is None else _encode(".png", labels),
        json.dumps(description),
    ]


def _color_bytes(source: FileSource, index: int, frame: RGBDFrame) -> bytes:
    """Return the JPEG file as it is, so that its pixels stay equal; else compress the image."""
    path = source.color_path(index)
    if path.suffix.lower() not in FAST_SUFFIXES:
        color = cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR)
        return _encode(".jpg", color, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    try:
        return path.read_bytes()
    except OSError as error:
        raise FrameError(f"{path}: cannot be read: {error.strerror}") from None


def _encode(suffix: str, image: NDArray[Any], parameters: list[int] | None = None) -> bytes:
    return bytes(cv2.imencode(suffix, image, parameters or [])[1])
