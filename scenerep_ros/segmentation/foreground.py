"""Which pixels belong to objects, and which to what objects stand on or hang before."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config import CutOptions
from scenerep_ros.geometry import Plane, find_planes

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

BORDER_SHARE = 0.25
"""Of the image's border that a region must hold to be background, where there is no depth."""


def depth_foreground(w: Floats, rays: Floats, options: CutOptions) -> Mask:
    """Take away the support plane, what lies behind it, and what is out of range.

    Args:
        w: (H, W) float32 inverse depth, 1 / m, NaN where unknown.
        rays: (H, W, 3) float32 viewing rays with z = 1.
        options: plane_distance and max_range are used.

    Returns:
        (H, W) bool; false where there is no depth.
    """
    planes = find_planes(w, rays, options.plane_distance, most=1, block=8)
    near = w > 1 / options.max_range
    for plane in planes:
        near &= _in_front(plane, w, rays, options)
    opened = cv2.morphologyEx(near.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return opened > 0


def _in_front(plane: Plane, w: Floats, rays: Floats, options: CutOptions) -> Mask:
    return plane.elevation(w, rays) > options.plane_distance


def region_foreground(regions: NDArray[np.int32]) -> Mask:
    """Take away the regions that surround the others: those that hold much of the image's border.

    Args:
        regions: (H, W) int32, 0 is background already.
    """
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    held = np.bincount(border, minlength=int(regions.max()) + 1) / len(border)
    background = held >= min(BORDER_SHARE, held.max())
    background[0] = True
    return ~background[regions]
