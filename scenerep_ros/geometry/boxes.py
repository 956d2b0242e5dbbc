"""3D boxes around an object's points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float32]

PERCENTILES = (1.0, 99.0)
"""Of the points that a box spans along each axis; a stray pixel at a border must not stretch it."""
MAX_POINTS = 4096
"""Points that a box is computed from; more change it by less than the sensor's noise."""


@dataclass(frozen=True)
class Box:
    """A cuboid.

    Attributes:
        center: (3,) float32, metres, optical frame.
        size: (3,) float32, metres, along the columns of rotation.
        rotation: (3, 3) float32, box to optical frame.
    """

    center: Floats
    size: Floats
    rotation: Floats

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """Orientation x, y, z, w, as geometry_msgs has it."""
        if np.array_equal(self.rotation, np.eye(3)):
            return 0.0, 0.0, 0.0, 1.0
        x, y, z, w = Rotation.from_matrix(self.rotation).as_quat()
        return float(x), float(y), float(z), float(w)


def object_box(points: Floats, up: Floats | None = None) -> Box | None:
    """Bound an object's points, robustly.

    Args:
        points: (..., 3) float32, metres; points with NaN do not count.
        up: (3,) the normal of the plane it stands on. The box then stands upright on that plane
            and turns to the smallest footprint; without it, it is aligned with the camera.

    Returns:
        The box, or None where fewer than three points have depth.
    """
    finite = np.isfinite(points)
    known = points[finite[..., 0] & finite[..., 1] & finite[..., 2]]
    if len(known) < 3:
        return None
    known = known[:: -(-len(known) // MAX_POINTS)]
    rotation = np.eye(3, dtype=np.float32) if up is None else _upright(known, up)
    low, high = _span(known @ rotation)
    return Box(rotation @ ((low + high) / np.float32(2)), high - low, rotation)


def _span(points: Floats) -> tuple[Floats, Floats]:
    """PERCENTILES of points (n, 3) along each axis, as numpy interpolates them but in half the time."""
    at = np.array(PERCENTILES) / 100 * (len(points) - 1)
    below = at.astype(np.intp)
    above = np.minimum(below + 1, len(points) - 1)
    ordered = np.partition(points.T, np.concatenate([below, above]), axis=1)
    share = (at - below).astype(np.float32)
    low, high = ((1 - share) * ordered[:, below] + share * ordered[:, above]).T
    return low, high


def _upright(points: Floats, up: Floats) -> Floats:
    """Rotation whose third axis is up, and whose first two give the smallest footprint."""
    z = up / np.linalg.norm(up)
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    footprint = points @ np.stack([x, y], axis=1)
    low, high = np.percentile(footprint, PERCENTILES, axis=0)
    inside = ((footprint >= low) & (footprint <= high)).all(axis=1)
    angle = np.deg2rad(cv2.minAreaRect(footprint[inside].astype(np.float32))[2])
    turned = np.cos(angle) * x + np.sin(angle) * y
    return np.stack([turned, np.cross(z, turned), z], axis=1).astype(np.float32)
