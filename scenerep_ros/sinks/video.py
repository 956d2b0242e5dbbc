"""Writers of H.264 videos in MP4 with 4:2:0 chroma, which browsers and common players decode.

The wheels of OpenCV have no H.264 encoder, so ffmpeg encodes; the package imageio-ffmpeg ships it.
"""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.render import draw_overlay
from scenerep_ros.sinks.base import Sink

if TYPE_CHECKING:
    from typing_extensions import Self

Encode = Callable[[NDArray[np.uint8]], object]


class VideoWriter:
    """Writes images to one video file, which appears under its name when the writer is closed.

    As a context manager it closes itself; an error of the body removes the video.

    Args:
        path: path of the .mp4 file.
        rate: positive frame rate [1/s].

    Raises:
        ScenerepError: on write or close, if ffmpeg is missing or fails, for example on a full disk.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._path = path
        self._rate = rate
        self._resources = ExitStack()
        self._encode: Encode | None = None
        self._size = (0, 0)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append an image (H, W, 3) uint8 RGB, resized to the size of the first one."""
        if self._encode is None:
            self._size = (image.shape[1], image.shape[0])
            encoder = _h264_encoder(self._path, self._size, self._rate)
            self._encode = self._resources.enter_context(encoder)
        try:
            self._encode(_resize(image, self._size))
        except BrokenPipeError:
            self.close()  # raises the error of the encoder

    def close(self) -> None:
        """Complete the video; a second call has no effect."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._resources.__exit__(*error)


class OverlayVideoSink(Sink):
    """Writes the overlays of all scenes to one video.

    Args and errors are those of `VideoWriter`.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._video = VideoWriter(path, rate)

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Append the overlay of the scene."""
        self._video.write(draw_overlay(frame.color, scene.labels))

    def close(self) -> None:
        """Complete the video."""
        self._video.close()


def _resize(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if image.shape[1::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


@contextmanager
def _h264_encoder(path: Path, size: tuple[int, int], rate: float) -> Iterator[Encode]:
    """Yield a function that encodes (H, W, 3) uint8 RGB images of the given width and height."""
    with atomic_path(path) as temporary, tempfile.TemporaryFile() as log:
        # A session of its own keeps Ctrl-C in a terminal from ending ffmpeg before the file is complete.
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
            messages = log.read().decode(errors="replace").splitlines()
            raise _encoder_error(path, messages or [f"exit code {process.returncode}"])


def _encoder_error(path: Path, messages: list[str]) -> ScenerepError:
    """Return the error for the user, with the first message, which names the cause."""
    is_full = any(os.strerror(errno.ENOSPC) in message for message in messages)
    remedy = "; the disk is full: free some space" if is_full else ""
    return ScenerepError(f"cannot write {path}: ffmpeg: {messages[0]}{remedy}")


def _command(path: Path, size: tuple[int, int], rate: float) -> list[str]:
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ScenerepError(
            f"cannot write {path}: ffmpeg is missing ({error}); install imageio-ffmpeg"
        ) from None
    source = f"-f rawvideo -pix_fmt rgb24 -s {size[0]}x{size[1]} -r {rate:g} -i -"
    # 4:2:0 stores one chroma sample for 2x2 pixels, so odd sizes are padded.
    padding = "-vf pad=ceil(iw/2)*2:ceil(ih/2)*2 -pix_fmt yuv420p"
    codec = "-c:v libx264 -preset veryfast -crf 20 -movflags +faststart"
    options = f"-y -loglevel error {source} {padding} {codec}"
    return [program, *options.split(), f"file:{path}"]  # a colon in the path is no protocol then
