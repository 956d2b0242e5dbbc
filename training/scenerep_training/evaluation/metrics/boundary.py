"""Contours, and how many of their pixels two masks share.

As in the DAVIS benchmark (Perazzi et al., CVPR 2016), which took it from the Berkeley segmentation
benchmark: contours are one pixel wide and match where they are at most a tolerance apart.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

TOLERANCE = 0.003
"""Of the benchmark scripts of both fields that use this: a share of the image's diagonal."""


def tolerance_pixels(shape: tuple[int, int]) -> int:
    """Return the tolerance of an image in pixels, rounded up.

    >>> tolerance_pixels((480, 640))
    3
    """
    return math.ceil(TOLERANCE * math.hypot(*shape))


def contour(mask: Mask) -> Mask:
    """Mark the pixels that differ from their right, lower or lower right neighbour.

    A mask has no contour along the image's border, since nobody knows where it ends there.

    Args:
        mask: (H, W) bool.
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return (mask != right) | (mask != below) | (mask != diagonal)


def matched(first: Mask, second: Mask, tolerance: int) -> tuple[int, int]:
    """Count contour pixels that have the other contour within reach.

    Args:
        first: (H, W) contour.
        second: (H, W) contour.
        tolerance: greatest distance of a match, pixels.

    Returns:
        Pixels of first near second, and pixels of second near first.
    """
    return (
        int(np.count_nonzero(first & _dilated(second, tolerance))),
        int(np.count_nonzero(second & _dilated(first, tolerance))),
    )


def _dilated(mask: Mask, radius: int) -> Mask:
    v, u = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (u * u + v * v <= radius * radius).astype(np.uint8)
    return cv2.dilate(mask.view(np.uint8), disk) > 0
