"""Video file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from math import isfinite
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.sequential import SequentialSource
from scenerep_ros.sources.timing import bounded_rate, stamp_from_index

VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv", ".ts", ".mts",
    ".m2ts", ".3gp", ".flv",
}  # fmt: skip


@SOURCES.register("video")
class Video(SequentialSource):
    """Color frames of a video.

    Decoding starts at the first frame, because seeking is not frame-accurate in every format. The
    length is the number of frames that decode, which the header may state wrongly.

    Raises:
        SourceError: if no frame can be decoded.
    """

    format_name = "video"
    format_description = f"a video ({', '.join(sorted(VIDEO_SUFFIXES))})"
    detection_priority = 10

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoded_count: int | None = None
        with self._open() as capture:
            rate = bounded_rate(capture.get(cv2.CAP_PROP_FPS))
            self._announced_count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            if not capture.grab():
                raise SourceError(f"video {path}: has no frames; record it again")
        super().__init__(path.stem, rate)

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the file has the suffix of a video."""
        is_visible = path.is_file() and not path.name.startswith(".")
        return is_visible and path.suffix.lower() in VIDEO_SUFFIXES

    def __len__(self) -> int:
        if self._decoded_count is None:
            self._decoded_count = self._count_frames()
        return self._decoded_count

    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        previous_ns = -1
        with self._open() as capture:
            for index in count():
                is_read, bgr = capture.read()
                if not is_read:
                    break
                stamp_ns = self._stamp_ns(capture, index, previous_ns)
                previous_ns = stamp_ns
                yield self._frame(index, stamp_ns, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        self._decoded_count = index
        if index < self._announced_count - 1:
            yield from self._damage(index)

    def _stamp_ns(self, capture: cv2.VideoCapture, index: int, previous_ns: int) -> int:
        """Return the stamp of the file, or the one at a constant rate if stamps do not advance."""
        position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
        stamp_ns = round(position_ms * 1e6) if isfinite(position_ms) else -1
        if stamp_ns > previous_ns:
            return stamp_ns
        return max(stamp_from_index(index, self.rate), previous_ns + 1)

    def _damage(self, decoded_count: int) -> Iterator[FrameError]:
        """Yield an error if the decoder reports damage; a count in a header alone proves none."""
        problem = decoder_errors(self._path)
        if problem:
            yield FrameError(
                f"video {self._path}: ends after {decoded_count} of {self._announced_count} frames; "
                f"it is damaged or truncated ({problem})"
            )

    def _frame(
        self, index: int, stamp_ns: int, color: cv2.typing.MatLike
    ) -> RGBDFrame | FrameError:
        try:
            return RGBDFrame(
                np.asarray(color, np.uint8), stamp_ns=stamp_ns, name=self.frame_name(index)
            )
        except FrameError as error:
            return error

    def _count_frames(self) -> int:
        with self._open() as capture:
            return next(index for index in count() if not capture.grab())

    @contextmanager
    def _open(self) -> Iterator[cv2.VideoCapture]:
        # An absolute path, because ffmpeg takes what precedes a colon for a protocol.
        capture = cv2.VideoCapture(str(self._path.absolute()))
        if not capture.isOpened():
            raise SourceError(
                f"video {self._path}: cannot be decoded; is it complete, and a video?"
            )
        try:
            yield capture
        finally:
            capture.release()


def decoder_errors(path: Path) -> str:
    """Decode a video and return the first error that ffmpeg reports; "" without errors."""
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        return "ffmpeg, which would name the reason, is missing"
    source = f"file:{path.absolute()}"
    command = [program, "-v", "error", "-nostdin", "-i", source, "-map", "0:v:0", "-f", "null", "-"]
    process = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    messages = process.stderr.splitlines()
    return messages[0] if messages else ""
