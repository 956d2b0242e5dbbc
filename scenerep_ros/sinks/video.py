"""The overlays as a video: H.264 in MP4 with 4:2:0 colour, which plays in browsers and everywhere.

OpenCV's wheels can write no H.264, so ffmpeg does it; the package imageio-ffmpeg brings one.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.render import overlay
from scenerep_ros.sinks.base import Sink

Encode = Callable[[NDArray[np.uint8]], object]


class VideoWriter:
    """Writes pictures to one video, which is complete, and there under its name, once it is closed.

    Args:
        path: of the .mp4 file.
        rate: frames a second, positive.

    Raises:
        ScenerepError: on write or close, if there is no ffmpeg or it fails, on a full disk say.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._path = path
        self._rate = rate
        self._open = ExitStack()
        self._encode: Encode | None = None
        self._size = (0, 0)

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Append a picture (H, W, 3) uint8 RGB, resized if need be to the first one's size."""
        if self._encode is None:
            self._size = (picture.shape[1], picture.shape[0])
            encoder = _h264_encoder(self._path, self._size, self._rate)
            self._encode = self._open.enter_context(encoder)
        try:
            self._encode(_fitted(picture, self._size))
        except BrokenPipeError:
            self.close()  # which says why the encoder stopped

    def close(self) -> None:
        """Finish the video; closing twice is harmless."""
        self._open.close()


class OverlayVideo(Sink):
    """Writes the overlays of all scenes to one video, as `VideoWriter` does."""

    def __init__(self, path: Path, rate: float) -> None:
        self._video = VideoWriter(path, rate)

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Append the scene's overlay."""
        self._video.write(overlay(frame.color, scene.labels))

    def close(self) -> None:
        """Finish the video."""
        self._video.close()


def _fitted(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@contextmanager
def _h264_encoder(path: Path, size: tuple[int, int], rate: float) -> Iterator[Encode]:
    """Give a function that takes (H, W, 3) uint8 RGB images of one width and height."""
    with atomic_path(path) as temporary, tempfile.TemporaryFile() as log:
        # In a session of its own, so that Ctrl-C in a terminal does not reach it and it can end well.
        process = subprocess.Popen(
            _command(temporary, size, rate),
            stdin=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        pipe = process.stdin
        assert pipe is not None
        try:
            yield lambda image: pipe.write(np.ascontiguousarray(image).data)
        finally:
            with suppress(BrokenPipeError):
                pipe.close()
            process.wait()
        if process.returncode:
            log.seek(0)
            said = log.read().decode(errors="replace").splitlines()
            reason = said[-1] if said else f"exit code {process.returncode}"
            raise ScenerepError(f"cannot write {path}: ffmpeg: {reason}; is the disk full?")


def _command(path: Path, size: tuple[int, int], rate: float) -> list[str]:
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ScenerepError(f"cannot write {path}: no ffmpeg; install it ({error})") from None
    source = f"-f rawvideo -pix_fmt rgb24 -s {size[0]}x{size[1]} -r {rate:g} -i -"
    # 4:2:0 has one colour for 2x2 pixels, so an odd size is padded.
    picture = "-vf pad=ceil(iw/2)*2:ceil(ih/2)*2 -pix_fmt yuv420p"
    codec = "-c:v libx264 -preset veryfast -crf 20 -movflags +faststart"
    options = f"-y -loglevel error {source} {picture} {codec}"
    return [program, *options.split(), str(path)]
