"""Listing and reading of image files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.image_decoding import (
    decode_compressed_color,
    decode_compressed_mono,
    metric_depth,
)

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp"}


def natural_key(name: str) -> list[str | int]:
    """Return a sort key that compares numbers by value: image2 precedes image10.

    >>> sorted(["b1", "a10", "a2"], key=natural_key)
    ['a2', 'a10', 'b1']
    """
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def list_images(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order; none if the folder does not exist."""
    if not folder.is_dir():
        return []
    images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(images, key=lambda path: natural_key(path.name))


def read_color(path: Path) -> NDArray[np.uint8]:
    """Read an image as (H, W, 3) uint8, RGB.

    Raises:
        FrameError: if it is missing or damaged.
    """
    return decode_compressed_color(_read_bytes(path), str(path))


def read_depth(path: Path, scale: float) -> NDArray[np.float32]:
    """Read a depth image as (H, W) float32, depth [m], NaN = no measurement.

    Args:
        path: image of 16 bit integers or of floats.
        scale: length of a unit [m].

    Raises:
        FrameError: if the image is missing, damaged or has 8 bits.
    """
    raw = decode_compressed_mono(_read_bytes(path), str(path))
    if raw.dtype.itemsize == 1:
        raise FrameError(
            f"{path}: depth of 8 bits, expected 16; save the depth values, not their visualization"
        )
    return metric_depth(raw, scale)


def read_labels(path: Path) -> NDArray[np.uint16]:
    """Read a label image as (H, W) uint16.

    Raises:
        FrameError: if it is missing or damaged.
    """
    return decode_compressed_mono(_read_bytes(path), str(path)).astype(np.uint16)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FrameError(f"{path}: cannot be read: {error.strerror}") from None
