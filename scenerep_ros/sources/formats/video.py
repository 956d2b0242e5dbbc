"""Video file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.sequential import SequentialSource
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv",
}  # fmt: skip


@SOURCES.register("video")
class Video(SequentialSource):
    """Color frames of a video.

    Decoding starts at the first frame, because seeking is not frame-accurate in every format.

    Raises:
        SourceError: if no frame can be decoded.
    """

    format_name = "video"
    format_description = f"a video ({', '.join(sorted(VIDEO_SUFFIXES))})"
    detection_priority = 10

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
        """Return whether the file has the suffix of a video."""
        return path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES

    def __len__(self) -> int:
        return self._length

    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        with self._open() as capture:
            for index in range(len(self)):
                is_read, bgr = capture.read()
                if not is_read:
                    yield from self._truncation_error(index)
                    return
                yield self._frame(index, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))

    def _truncation_error(self, count: int) -> Iterator[FrameError]:
        """Yield an error if more than one frame is missing.

        The header of an intact file may announce one frame too many.
        """
        if count < len(self) - 1:
            yield FrameError(
                f"video {self._path}: ends after {count} of {len(self)} frames; it is damaged or "
                "truncated"
            )

    def _frame(self, index: int, color: cv2.typing.MatLike) -> RGBDFrame | FrameError:
        stamp = stamp_from_index(index, self.rate)
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
    """Return the frame count of the container, or count the frames if it is unknown."""
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    if count > 0:
        return count
    count = 0
    while capture.grab():
        count += 1
    return count
