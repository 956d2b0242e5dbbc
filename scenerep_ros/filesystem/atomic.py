"""Writing files so that nobody ever reads half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ScenerepError


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; rename it when the body ends well.

    The temporary name keeps the suffix, since many writers choose the format by it. The folder is
    made if it is missing. When the body fails, the temporary file goes and an older file stays.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise ScenerepError(f"cannot write {path}: {error.strerror}; check the folder") from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise ScenerepError(f"cannot write {path}: {error}; is the disk full?") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_aside(path: Path, content: bytes) -> None:
    """Write a whole file at once.

    Raises:
        ScenerepError: as `aside` does.
    """
    with aside(path) as temporary:
        temporary.write_bytes(content)


def write_image(path: Path, image: NDArray[np.integer]) -> None:
    """Write a picture in the format that the suffix names.

    Args:
        path: of a .png, or of any other format that OpenCV writes.
        image: (H, W, 3) uint8, RGB, or (H, W) uint8 or uint16.

    Raises:
        ScenerepError: as `aside` does.
    """
    bgr = image[..., ::-1] if image.ndim == 3 else image
    _, content = cv2.imencode(path.suffix, bgr)
    write_aside(path, content.tobytes())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
