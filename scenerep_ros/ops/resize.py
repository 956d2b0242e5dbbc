"""Box filter and resizing of stacked planes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]


def box_filter(planes: Planes, radius: int) -> Planes:
    """Compute the means of square windows; planes are mirrored at the border.

    Args:
        planes: (N, h, w) float32.
        radius: radius of the windows [px]; they are (2 radius + 1) wide.

    Returns:
        (N, h, w) float32.
    """
    size = (2 * radius + 1, 2 * radius + 1)
    means = np.empty_like(planes)
    for plane, mean in zip(planes, means, strict=True):
        cv2.blur(plane, size, dst=mean, borderType=cv2.BORDER_REFLECT)
    return means


def resize_bilinear(planes: Planes, shape: tuple[int, ...]) -> Planes:
    """Enlarge float32 planes (N, h, w) to (N, H, W), bilinear between the pixel centers."""
    return _resize(planes, shape, cv2.INTER_LINEAR)


def resize_area(planes: Planes, shape: tuple[int, ...]) -> Planes:
    """Reduce float32 planes (N, H, W) by an integer factor to (N, h, w), by means."""
    return _resize(planes, shape, cv2.INTER_AREA)


def _resize(planes: Planes, shape: tuple[int, ...], interpolation: int) -> Planes:
    resized = np.empty((len(planes), *shape), np.float32)
    for plane, target in zip(planes, resized, strict=True):
        cv2.resize(plane, shape[::-1], dst=target, interpolation=interpolation)
    return resized
