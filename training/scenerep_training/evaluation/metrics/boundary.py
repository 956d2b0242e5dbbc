"""Outlines of objects, and how many of their pixels two masks share.

As in the published evaluation of UOIS-Net (Xie et al., CoRL 2020): outlines are one pixel wide and
match where they are at most a tolerance apart. DAVIS (Perazzi et al., CVPR 2016) has the same idea
of a match, but another of a contour, which lies between pixels.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

TOLERANCE = 0.003
"""Greatest distance of a match, as a share of the image's diagonal."""


def tolerance_pixels(shape: tuple[int, int]) -> int:
    """Return the tolerance of an image in pixels, rounded up.

    >>> tolerance_pixels((480, 640))
    3
    """
    return math.ceil(TOLERANCE * math.hypot(*shape))


def outline(mask: Mask) -> Mask:
    """Mark the outermost pixels of each piece of a mask; holes have no outline.

    Args:
        mask: (H, W) bool.

    Returns:
        (H, W) bool, a part of mask.
    """
    pieces, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = cv2.drawContours(np.zeros(mask.shape, np.uint8), pieces, -1, 1, 1)
    return drawn > 0


def matched(first: Mask, second: Mask, tolerance: int) -> tuple[int, int]:
    """Count outline pixels that have the other outline within reach.

    Args:
        first: (H, W) outline.
        second: (H, W) outline.
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
