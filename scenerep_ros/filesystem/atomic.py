"""Atomic file writes: a reader sees the old file or the complete new one, never a partial one."""

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

COLOR_DIMENSIONS = 3
"""Number of array dimensions of a colour image."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` when the body succeeds.

    The temporary name keeps the suffix, because many writers choose the format by it. A missing
    folder is created. When the body fails, the temporary file is removed and an existing file at
    `path` stays unchanged.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
        )
        os.close(descriptor)
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


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file atomically.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_image(path: Path, image: NDArray[np.integer]) -> None:
    """Write an image atomically, in the format that the suffix names.

    Args:
        path: path with the suffix .png, or that of another format that OpenCV writes.
        image: (H, W, 3) uint8, RGB, or (H, W) uint8 or uint16.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    is_color = image.ndim == COLOR_DIMENSIONS
    _, content = cv2.imencode(path.suffix, image[..., ::-1] if is_color else image)
    write_atomically(path, content.tobytes())


def _umask() -> int:
    # The umask can be read only by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
