"""3D bounding boxes of objects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from scenerep_ros.config.constants import tuned

Floats = NDArray[np.float32]

MIN_POINTS = 3  # constant: a plane has three points
"""Number of points that span a box."""


@dataclass(frozen=True)
class BoxConstants:
    """Tuned constants of bounding boxes."""

    percentiles: tuple[float, float] = tuned(
        (1.0, 99.0),
        "percentiles of the points that bound a box along each axis",
        set_on="argument: a stray pixel at an object's border must not extend the box",
    )
    max_points: int = tuned(
        4096,
        "number of points that a box is computed from",
        set_on="argument: more points change the box by less than the noise of the sensor",
    )


CONSTANTS = BoxConstants()


@dataclass(frozen=True)
class Box:
    """A cuboid.

    Attributes:
        center: (3,) float32 [m], optical frame.
        size: (3,) float32 [m], along the columns of rotation.
        rotation: (3, 3) float32, box to optical frame.
    """

    center: Floats
    size: Floats
    rotation: Floats

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """Orientation x, y, z, w, in the order of geometry_msgs."""
        if np.array_equal(self.rotation, np.eye(3)):
            return 0.0, 0.0, 0.0, 1.0
        x, y, z, w = Rotation.from_matrix(self.rotation).as_quat()
        return float(x), float(y), float(z), float(w)


def object_box(points: Floats, up: Floats | None = None) -> Box | None:
    """Compute the bounding box of an object's points, robust to outliers.

    Args:
        points: (..., 3) float32 [m]; points with NaN are ignored.
        up: (3,) normal of the support surface. The third axis of the box is then parallel to it,
            and the box has the smallest footprint. Without it, the box is aligned with the camera.

    Returns:
        The box, or None for fewer than three finite points.
    """
    finite = np.isfinite(points)
    points = points[finite[..., 0] & finite[..., 1] & finite[..., 2]]
    if len(points) < MIN_POINTS:
        return None
    points = points[:: -(-len(points) // CONSTANTS.max_points)]
    rotation = np.eye(3, dtype=np.float32) if up is None else _upright_rotation(points, up)
    low, high = _percentile_bounds(points @ rotation)
    return Box(rotation @ ((low + high) / np.float32(2)), high - low, rotation)


def _percentile_bounds(points: Floats) -> tuple[Floats, Floats]:
    """Compute the bounding percentiles of points (n, 3) along each axis.

    The result equals numpy's linear interpolation, in half the time.
    """
    # Partition each axis at the two ranks below and above each percentile.
    rank = np.array(CONSTANTS.percentiles) / 100 * (len(points) - 1)
    lower = rank.astype(np.intp)
    upper = np.minimum(lower + 1, len(points) - 1)
    ordered = np.partition(points.T, np.concatenate([lower, upper]), axis=1)
    # Interpolate between them.
    fraction = (rank - lower).astype(np.float32)
    low, high = ((1 - fraction) * ordered[:, lower] + fraction * ordered[:, upper]).T
    return low, high


def _upright_rotation(points: Floats, up: Floats) -> Floats:
    """Find the rotation (3, 3) with the third axis along `up` and the smallest footprint."""
    # Build an arbitrary basis of the support surface.
    z = up / np.linalg.norm(up)
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    # Fit the smallest rectangle to the footprint without its outliers.
    footprint = points @ np.stack([x, y], axis=1)
    low, high = np.percentile(footprint, CONSTANTS.percentiles, axis=0)
    is_inlier = ((footprint >= low) & (footprint <= high)).all(axis=1)
    angle = np.deg2rad(cv2.minAreaRect(footprint[is_inlier].astype(np.float32))[2])
    # Rotate the basis to the sides of the rectangle.
    first = np.cos(angle) * x + np.sin(angle) * y
    return np.stack([first, np.cross(z, first), z], axis=1).astype(np.float32)
