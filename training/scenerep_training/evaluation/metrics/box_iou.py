"""Intersection over union of upright boxes, whose third axes are parallel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.geometry import Box


def box_iou(first: Box, second: Box) -> float:
    """Compute the volume of the intersection over that of the union.

    Args:
        first: box whose third axis is the vertical.
        second: box with the same vertical.

    >>> unit = Box(np.zeros(3, np.float32), np.ones(3, np.float32), np.eye(3, dtype=np.float32))
    >>> box_iou(unit, unit)
    1.0
    """
    axes = first.rotation
    area = _shared_area(_footprint(first, axes), _footprint(second, axes))
    heights = [float(axes[:, 2] @ box.center) for box in (first, second)]
    halves = [float(box.size[2]) / 2 for box in (first, second)]
    low = max(height - half for height, half in zip(heights, halves, strict=True))
    high = min(height + half for height, half in zip(heights, halves, strict=True))
    shared = area * max(high - low, 0.0)
    total = float(first.size.prod()) + float(second.size.prod()) - shared
    return shared / total if total > 0 else 0.0


def _footprint(box: Box, axes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the corners (4, 2) of a box in the plane of the first two axes."""
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32) / 2
    corners = box.center + (signs * box.size[:2]) @ box.rotation[:, :2].T
    return np.ascontiguousarray(corners @ axes[:, :2], np.float32)


def _shared_area(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    area, _ = cv2.intersectConvexConvex(first, second)
    return float(area)
