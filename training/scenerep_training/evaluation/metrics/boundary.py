"""Object outlines and the number of outline pixels that two masks share within a tolerance.

This is the boundary matching of the UOIS-Net evaluation (Xie et al., CoRL 2020): outlines are one
pixel wide and match within a tolerance. DAVIS (Perazzi et al., CVPR 2016) matches in the same way
but defines a contour between pixels; see `j_and_f`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

TOLERANCE_RATIO = 0.003
"""Maximum distance of a match as a share of the image diagonal."""


def tolerance_px(shape: tuple[int, int]) -> int:
    """Return the matching tolerance of an image (H, W), rounded up [px].

    >>> tolerance_px((480, 640))
    3
    """
    return math.ceil(TOLERANCE_RATIO * math.hypot(*shape))


def extract_outline(mask: Mask) -> Mask:
    """Mark the outermost pixels of each connected component; holes have no outline.

    Args:
        mask: (H, W) bool.

    Returns:
        (H, W) bool, a subset of mask.
    """
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = cv2.drawContours(np.zeros(mask.shape, np.uint8), contours, -1, 1, 1)
    return outline > 0


def count_matches(first: Mask, second: Mask, tolerance: int) -> tuple[int, int]:
    """Count the pixels of each outline that lie within a tolerance of the other outline.

    Args:
        first: (H, W) bool, outline.
        second: (H, W) bool, outline.
        tolerance: maximum distance of a match [px].

    Returns:
        Number of matched pixels of first and of second.
    """
    return (
        int(np.count_nonzero(first & _dilate(second, tolerance))),
        int(np.count_nonzero(second & _dilate(first, tolerance))),
    )


def _dilate(mask: Mask, radius: int) -> Mask:
    v, u = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (u * u + v * v <= radius * radius).astype(np.uint8)
    return cv2.dilate(mask.view(np.uint8), disk) > 0
