"""3D bounding boxes of objects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from scenerep_ros.config.constants import tuned

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

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
    rim_px: int = tuned(
        3,
        "width of the rim of an object in which pixels are compared with its inside",
        unit="px",
        set_on="argument: depth is mixed or displaced up to 2 pixels from an edge",
    )
    inside_px: int = tuned(
        11,
        "side of the window of the inside that a rim pixel is compared with",
        unit="px",
        set_on="argument: twice the rim",
    )
    max_rim_step: float = tuned(
        0.03,
        "difference in inverse depth from the nearest inside above which a rim pixel is stray",
        unit="1/m",
        set_on="argument: three times the tolerance of planes",
    )
    contact_m: float = tuned(
        0.025,
        "distance from the support plane within which the lower side of a box rests on it",
        unit="m",
        set_on="argument: noise of a Kinect at 2.5 m, and pixels lost at the contact line",
    )
    round_percentiles: tuple[float, float] = tuned(
        (0.3, 99.7),
        "percentiles of the points that bound the width of a round object",
        set_on="argument: 1 percent of a disc's area is cut 7 percent of the radius from its side",
    )
    profile_bins: int = tuned(
        9,
        "number of lateral bins of the front profile",
        set_on="argument: distinguishes an arc from a corner",
    )
    profile_half_width: float = tuned(
        0.8,
        "lateral position at which the front profile ends, in radii",
        set_on="argument: the front of a circle is steep beyond it",
    )
    front_percentile: float = tuned(
        5.0,
        "percentile of the distances in a bin that is its front",
        set_on="argument: a stray pixel must not move the front",
    )
    max_round_residual: float = tuned(
        0.075,
        "standard deviation from a circle, in radii, up to which a front is round",
        set_on="argument: a flat front has 0.11, a right-angled corner 0.13",
    )
    max_points: int = tuned(
        2048,
        "number of points that a box is computed from",
        set_on="argument: more points change the box by less than the noise of the sensor",
    )


CONSTANTS = BoxConstants()


@dataclass(frozen=True)
class Box:
    """A cuboid.

    Attributes:
        center: (3,) float32 [m], optical frame unless transformed.
        size: (3,) float32 [m], along the columns of rotation.
        rotation: (3, 3) float32, box to optical frame.
    """

    center: Floats
    size: Floats
    rotation: Floats

    def transformed(self, pose: NDArray[np.float64]) -> Box:
        """Return the box in another frame.

        Args:
            pose: (4, 4), transform from the frame of the box to the other frame.
        """
        rotation, translation = pose[:3, :3], pose[:3, 3]
        center = (rotation @ self.center + translation).astype(np.float32)
        return Box(center, self.size, (rotation @ self.rotation).astype(np.float32))

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """Orientation x, y, z, w, in the order of geometry_msgs."""
        if np.array_equal(self.rotation, np.eye(3)):
            return 0.0, 0.0, 0.0, 1.0
        x, y, z, w = Rotation.from_matrix(self.rotation).as_quat()
        return float(x), float(y), float(z), float(w)


def without_stray_rim(inverse_depth: Floats, mask: Mask) -> Mask:
    """Remove pixels at the rim of an object whose depth is that of another surface.

    Sensors mix or displace the depth at the edges of objects. A rim pixel is stray if its inverse
    depth differs from the mean over the inside of the object nearby. Where the object is too thin
    for an inside, all pixels are kept.

    Args:
        inverse_depth: (H, W) float32 [1/m]; NaN without a measurement.
        mask: (H, W) bool, pixels of the object.

    Returns:
        (H, W) bool, pixels of the object that have depth and are not stray.
    """
    valid = mask & np.isfinite(inverse_depth)
    rim = CONSTANTS.rim_px
    kernel = np.ones((2 * rim + 1,) * 2, np.uint8)
    inside = valid & cv2.erode(np.pad(mask, rim).view(np.uint8), kernel)[rim:-rim, rim:-rim].view(
        bool
    )
    # Average the inside near each pixel.
    window = (CONSTANTS.inside_px,) * 2
    weight = cv2.boxFilter(inside.astype(np.float32), -1, window, normalize=False)
    total = cv2.boxFilter(
        np.where(inside, inverse_depth, np.float32(0)), -1, window, normalize=False
    )
    mean = total / np.maximum(weight, 1)
    is_stray = (weight > 0) & ~(np.abs(inverse_depth - mean) < CONSTANTS.max_rim_step)
    return valid & (inside | ~is_stray)


def object_box(
    points: Floats, up: Floats | None = None, support_height: float | None = None
) -> Box | None:
    """Compute the bounding box of an object's points, robust to outliers.

    Args:
        points: (..., 3) float32 [m]; points with NaN are ignored.
        up: (3,) normal of the support surface. The third axis of the box is then parallel to it,
            and the box has the smallest footprint. Without it, the box is aligned with the camera.
        support_height: position of the support surface along `up` [m]. The lower side of a box that
            ends near it is moved onto it.

    Returns:
        The box, or None for fewer than three finite points.
    """
    finite = np.isfinite(points)
    points = points[finite[..., 0] & finite[..., 1] & finite[..., 2]]
    if len(points) < MIN_POINTS:
        return None
    points = points[:: -(-len(points) // CONSTANTS.max_points)]
    if up is None:
        return _box_along(points, np.eye(3, dtype=np.float32))
    round_rotation = _round_object_rotation(points, up)
    if round_rotation is None:
        box = _box_along(points, _upright_rotation(points, up))
    else:
        box = _box_of_round_object(points, round_rotation)
    return box if support_height is None else _on_support(box, support_height)


def upright_box(points: Floats, up: Floats) -> Box | None:
    """Compute the box with the smallest footprint of points that are seen from all sides.

    Args:
        points: (n, 3) float32, finite [m].
        up: (3,) direction of the third axis of the box.

    Returns:
        The box, or None for fewer than three points.
    """
    if len(points) < MIN_POINTS:
        return None
    points = points[:: -(-len(points) // CONSTANTS.max_points)]
    return _box_along(points, _upright_rotation(points, up))


def _box_along(points: Floats, rotation: Floats) -> Box:
    low, high = _percentile_bounds(points @ rotation)
    return _box_between(low, high, rotation)


def _box_of_round_object(points: Floats, rotation: Floats) -> Box:
    """Compute the box of a round object, of which the camera sees the front half only."""
    turned = points @ rotation
    low, high = _percentile_bounds(turned)
    sides = _percentile_bounds(turned[:, :1], CONSTANTS.round_percentiles)
    low[0], high[0] = sides[0][0], sides[1][0]
    high[1] = low[1] + max(high[0] - low[0], high[1] - low[1])
    return _box_between(low, high, rotation)


def _on_support(box: Box, support_height: float) -> Box:
    """Move the lower side of a box onto the support surface if it is near."""
    low, high = (
        float(box.center @ box.rotation[:, 2]) + s * float(box.size[2]) / 2 for s in (-1, 1)
    )
    if abs(low - support_height) > CONSTANTS.contact_m or support_height >= high:
        return box
    shift = np.float32((support_height - low) / 2)
    size = box.size - np.array([0, 0, 2 * shift], np.float32)
    return Box(box.center + shift * box.rotation[:, 2], size, box.rotation)


def _box_between(low: Floats, high: Floats, rotation: Floats) -> Box:
    return Box(rotation @ ((low + high) / np.float32(2)), high - low, rotation)


def _percentile_bounds(
    points: Floats, percentiles: tuple[float, float] = CONSTANTS.percentiles
) -> tuple[Floats, Floats]:
    """Compute the bounding percentiles of points (n, k) along each axis.

    The result equals numpy's linear interpolation, in half the time.
    """
    # Partition each axis at the two ranks below and above each percentile.
    rank = np.array(percentiles) / 100 * (len(points) - 1)
    lower = rank.astype(np.intp)
    upper = np.minimum(lower + 1, len(points) - 1)
    ordered = np.partition(points.T, np.concatenate([lower, upper]), axis=1)
    # Interpolate between them.
    fraction = (rank - lower).astype(np.float32)
    low, high = ((1 - fraction) * ordered[:, lower] + fraction * ordered[:, upper]).T
    return low, high


def _cross(a: Floats, b: Floats) -> Floats:
    """Return the cross product of two vectors (3,), faster than numpy's."""
    return np.array(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _round_object_rotation(points: Floats, up: Floats) -> Floats | None:
    """Return the rotation (3, 3) towards an object whose front is round in the support plane.

    The second axis points away from the camera. The front profile over the lateral position must be
    that of the circle with the object's width.

    Returns:
        The rotation, or None if the front is not round.
    """
    # Build axes: lateral, away from the camera, up.
    z = up / np.linalg.norm(up)
    away = points.mean(axis=0)
    away = away - (away @ z) * z
    y = away / max(float(np.linalg.norm(away)), 1e-9)
    rotation = np.stack([_cross(y, z), y, z], axis=1).astype(np.float32)
    lateral, distance = (points @ rotation[:, :2]).T
    low, high = (bound[0] for bound in _percentile_bounds(lateral[:, None]))
    radius = (high - low) / 2
    if radius <= 0:
        return None
    # Measure the front of each lateral bin.
    half_width = CONSTANTS.profile_half_width
    edges = np.linspace(-half_width, half_width, CONSTANTS.profile_bins + 1)
    bins = np.searchsorted(edges, (lateral - (low + high) / 2) / radius)
    order = np.lexsort((distance, bins))
    ends = np.searchsorted(bins[order], np.arange(1, len(edges) + 1))
    counts = np.diff(ends)
    if counts.min() < MIN_POINTS:
        return None
    ranks = ends[:-1] + (CONSTANTS.front_percentile / 100 * counts).astype(np.intp)
    profile = distance[order[ranks]]
    # Compare it with the circle.
    centers = (edges[1:] + edges[:-1]) / 2
    residual = profile / radius + np.sqrt(1 - centers**2)
    is_round = np.std(residual) < CONSTANTS.max_round_residual
    return rotation if is_round else None


def _upright_rotation(points: Floats, up: Floats) -> Floats:
    """Find the rotation (3, 3) with the third axis along `up` and the smallest footprint."""
    # Build an arbitrary basis of the support surface.
    z = up / np.linalg.norm(up)
    x = _cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = _cross(z, x)
    # Fit the smallest rectangle to the footprint without its outliers.
    footprint = points @ np.stack([x, y], axis=1)
    low, high = _percentile_bounds(footprint)
    is_inlier = ((footprint >= low) & (footprint <= high)).all(axis=1)
    angle = np.deg2rad(cv2.minAreaRect(footprint[is_inlier].astype(np.float32))[2])
    # Rotate the basis to the sides of the rectangle.
    first = np.cos(angle) * x + np.sin(angle) * y
    return np.stack([first, _cross(z, first), z], axis=1).astype(np.float32)
