"""Listing and reading of image files."""

from __future__ import annotations

import re
from collections.abc import Sequence
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

THUMBNAIL = re.compile(r"^thumb(nail)?[_.-]|[_.-]thumb(nail)?$", re.IGNORECASE)


def natural_key(name: str) -> list[str | int]:
    """Return a sort key that compares numbers by value: image2 precedes image10.

    >>> sorted(["b1", "a10", "a2"], key=natural_key)
    ['a2', 'a10', 'b1']
    """
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def list_images(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order; none if the folder does not exist.

    Hidden files, such as the ._ files of macOS, links to missing files, and thumbnails beside their
    images are left out.
    """
    if not folder.is_dir():
        return []
    images = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    ]
    stems = {path.stem for path in images}
    images = [path for path in images if not _is_thumbnail(path, stems)]
    return sorted(images, key=lambda path: natural_key(path.name))


def _is_thumbnail(path: Path, stems: set[str]) -> bool:
    """Return whether a file is named like a thumbnail of another one."""
    original = THUMBNAIL.sub("", path.stem)
    return original != path.stem and original in stems


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


def is_float_image(paths: Sequence[Path]) -> bool:
    """Return whether the first readable image of one channel is stored in floating point."""
    for path in paths:
        try:
            return decode_compressed_mono(_read_bytes(path), str(path)).dtype.kind == "f"
        except FrameError:
            continue
    return False


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
