"""A video file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.file_source import DEFAULT_RATE, index_stamp
from scenerep_ros.sources.sequential import SequentialSource

VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv",
}  # fmt: skip


class Video(SequentialSource):
    """Colour only; decoded from the start, since seeking is not frame-accurate in every format.

    Raises:
        SourceError: if no frame can be decoded.
    """

    kind = "video"
    looks_like = f"a video ({', '.join(sorted(VIDEO_SUFFIXES))})"

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as capture:
            rate = capture.get(cv2.CAP_PROP_FPS)
            self._length = _count_frames(capture)
        super().__init__(path.stem, rate if math.isfinite(rate) and rate > 0 else DEFAULT_RATE)
        if not self._length:
            raise SourceError(f"video {path}: has no frames; record it again")

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether the name is a video's."""
        return path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES

    def __len__(self) -> int:
        return self._length

    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        with self._open() as capture:
            for index in range(len(self)):
                good, bgr = capture.read()
                if not good:
                    yield from self._shortfall(index)
                    return
                yield self._frame(index, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))

    def _shortfall(self, count: int) -> Iterator[FrameError]:
        """Say that frames are missing, unless it is one: healthy files may promise one too many."""
        if count < len(self) - 1:
            yield FrameError(
                f"video {self._path}: ends after {count} of {len(self)} frames; it is damaged or "
                "was cut short"
            )

    def _frame(self, index: int, color: cv2.typing.MatLike) -> RGBDFrame | FrameError:
        stamp = index_stamp(index, self.rate)
        try:
            return RGBDFrame(
                np.asarray(color, np.uint8), stamp_ns=stamp, name=self.frame_name(index)
            )
        except FrameError as error:
            return error

    @contextmanager
    def _open(self) -> Iterator[cv2.VideoCapture]:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SourceError(
                f"video {self._path}: cannot be decoded; is it complete, and a video?"
            )
        try:
            yield capture
        finally:
            capture.release()


def _count_frames(capture: cv2.VideoCapture) -> int:
    """Ask the container; count where it does not know."""
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    if count > 0:
        return count
    count = 0
    while capture.grab():
        count += 1
    return count
