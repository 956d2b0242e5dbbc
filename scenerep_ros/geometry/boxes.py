"""3D bounding boxes of objects, all objects of a frame at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

MIN_POINTS = 3  # constant: a plane has three points
"""Number of points that span a box."""
SIGN_BIT = np.uint32(1 << 31)  # constant: IEEE 754


@dataclass(frozen=True)
class BoxConstants:
    """Tuned constants of bounding boxes."""

    percentiles: tuple[float, float] = tuned(
        (1.0, 99.0),
        "percentiles of the points that bound a box along each axis",
        set_on="argument: a stray pixel at an object's border must not extend the box",
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
        """Orientation x, y, z, w, in the order of geometry_msgs (Shepperd 1978)."""
        m = self.rotation.tolist()
        squares = [m[0][0], m[1][1], m[2][2], m[0][0] + m[1][1] + m[2][2]]
        i = squares.index(max(squares))
        j, k = (i + 1) % 3, (i + 2) % 3
        q = [0.0] * 4
        if i == 3:  # noqa: PLR2004
            q = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1], 1 + squares[3]]
        else:
            q[i], q[3] = 1 - squares[3] + 2 * m[i][i], m[k][j] - m[j][k]
            q[j], q[k] = m[j][i] + m[i][j], m[k][i] + m[i][k]
        length = sum(value * value for value in q) ** 0.5
        return q[0] / length, q[1] / length, q[2] / length, q[3] / length


def object_boxes(
    points: Sequence[Floats], up: Floats | None = None, support_height: float | None = None
) -> list[Box | None]:
    """Compute the bounding boxes of objects, robust to outliers.

    Args:
        points: (n, 3) float32 [m] for each object; points with NaN are ignored.
        up: (3,) normal of the support surface. The third axis of the boxes is then parallel to it,
            and a box has the smallest footprint; that of a round object is completed by the side
            that the camera does not see. Without it, boxes are aligned with the camera.
        support_height: position of the support surface along `up` [m]. The lower side of a box that
            ends near it is moved onto it.

    Returns:
        The box of each object; None for fewer than three finite points.
    """
    clouds = [cloud[np.isfinite(cloud).all(axis=1)] for cloud in points]
    fitted = [index for index, cloud in enumerate(clouds) if len(cloud) >= MIN_POINTS]
    boxes: list[Box | None] = [None] * len(clouds)
    if not fitted:
        return boxes
    batch = _PointBatch.stack([clouds[index] for index in fitted])
    is_round = np.zeros(len(fitted), bool)
    rotation = np.broadcast_to(np.eye(3, dtype=np.float32), (len(fitted), 3, 3)).copy()
    if up is not None:
        z = up / np.linalg.norm(up)
        rotation = _rotations_towards(batch, z)
        is_round = _are_round(batch, rotation)
        rotation[~is_round] = _upright_rotations(batch.select(~is_round), z)
    low, high = _bounds(batch, rotation, is_round)
    if up is not None and support_height is not None:
        low[:, 2] = _rest_on_support(low[:, 2], high[:, 2], support_height)
    for index, box in zip(fitted, _boxes_between(low, high, rotation), strict=True):
        boxes[index] = box
    return boxes


def object_box(
    points: Floats, up: Floats | None = None, support_height: float | None = None
) -> Box | None:
    """Compute the bounding box of one object.

    Args:
        points: (..., 3) float32 [m]; points with NaN are ignored.
        up: as in `object_boxes`.
        support_height: as in `object_boxes`.
    """
    return object_boxes([points.reshape(-1, 3)], up, support_height)[0]


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
    batch = _PointBatch.stack([points])
    rotation = _upright_rotations(batch, up / np.linalg.norm(up))
    low, high = _percentile_bounds(batch.rotated(rotation), batch.counts)
    return _boxes_between(low, high, rotation)[0]


@dataclass(frozen=True)
class _PointBatch:
    """Points of K objects in one array.

    Attributes:
        points: (K, 3, n) float32 [m]; NaN beyond the number of an object's points.
        counts: (K,) number of points of each object.
    """

    points: Floats
    counts: Indices

    @classmethod
    def stack(cls, clouds: Sequence[Floats]) -> _PointBatch:
        """Stack clouds (n, 3), of which large ones are subsampled."""
        clouds = [cloud[:: max(1, -(-len(cloud) // CONSTANTS.max_points))] for cloud in clouds]
        counts = np.array([len(cloud) for cloud in clouds])
        points = np.full((len(clouds), 3, counts.max()), np.nan, np.float32)
        for row, cloud in zip(points, clouds, strict=True):
            row[:, : len(cloud)] = cloud.T
        return cls(points, counts)

    def select(self, is_selected: Mask) -> _PointBatch:
        """Return some of the objects."""
        return _PointBatch(self.points[is_selected], self.counts[is_selected])

    def rotated(self, rotation: Floats) -> Floats:
        """Return the coordinates (K, m, n) of the points along the columns of rotation (K, 3, m)."""
        return np.matmul(rotation.swapaxes(1, 2), self.points)


def _bounds(batch: _PointBatch, rotation: Floats, is_round: Mask) -> tuple[Floats, Floats]:
    """Compute the lower and upper bounds (K, 3) of objects along the columns of rotation (K, 3, 3).

    Of a round object the camera sees the front half only.
    """
    turned = np.sort(batch.rotated(rotation), axis=2)
    low, high = _interpolate(turned, batch.counts, CONSTANTS.percentiles)
    sides = _interpolate(turned[:, 0], batch.counts, CONSTANTS.round_percentiles)
    low[is_round, 0], high[is_round, 0] = (side[is_round] for side in sides)
    width, depth = (high[is_round, axis] - low[is_round, axis] for axis in (0, 1))
    high[is_round, 1] = low[is_round, 1] + np.maximum(width, depth)
    return low, high


def _rest_on_support(low: Floats, high: Floats, support_height: float) -> Floats:
    """Move the lower sides (K,) of boxes onto the support surface if they are near."""
    is_near = (np.abs(low - support_height) <= CONSTANTS.contact_m) & (support_height < high)
    return np.where(is_near, np.float32(support_height), low)


def _boxes_between(low: Floats, high: Floats, rotation: Floats) -> list[Box]:
    centers = np.matmul(rotation, ((low + high) / np.float32(2))[..., None])[..., 0]
    return [Box(*values) for values in zip(centers, high - low, rotation, strict=True)]


def _percentile_bounds(values: Floats, counts: Indices) -> tuple[Floats, Floats]:
    """Compute the bounding percentiles (K, ...) of values (K, ..., n)."""
    return _interpolate(np.sort(values, axis=-1), counts, CONSTANTS.percentiles)


def _interpolate(
    ordered: Floats, counts: Indices, percentiles: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Compute two percentiles (K, ...) of sorted values (K, ..., n), by linear interpolation."""
    shape = (len(counts), *[1] * (ordered.ndim - 1))
    bounds = []
    for percentile in percentiles:
        rank = (percentile / 100 * (counts - 1)).reshape(shape)
        lower = rank.astype(np.intp)
        upper = np.minimum(lower + 1, counts.reshape(shape) - 1)
        fraction = (rank - lower).astype(np.float32)[..., 0]
        below, above = (
            np.take_along_axis(ordered, index, axis=-1)[..., 0] for index in (lower, upper)
        )
        bounds.append((1 - fraction) * below + fraction * above)
    return bounds[0], bounds[1]


def _rotations_towards(batch: _PointBatch, z: Floats) -> Floats:
    """Return rotations (K, 3, 3) with the third axis z (3,) and the second away from the camera."""
    away = np.nansum(batch.points, axis=2) / batch.counts[:, None]
    away -= (away @ z)[:, None] * z
    y = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    return np.stack([np.cross(y, z), y, np.broadcast_to(z, y.shape)], axis=2).astype(np.float32)


def _are_round(batch: _PointBatch, rotation: Floats) -> Mask:
    """Find the objects (K,) whose front is round in the support plane.

    The front profile over the lateral position must be that of the circle with the object's width.

    Args:
        batch: points.
        rotation: result of `_rotations_towards`.
    """
    lateral, distance = batch.rotated(rotation[:, :, :2]).swapaxes(0, 1)
    low, high = _percentile_bounds(lateral, batch.counts)
    radius = (high - low) / 2
    scale = np.where(radius > 0, radius, np.float32(np.nan))[:, None]
    position = (lateral - ((low + high) / 2)[:, None]) / scale
    # Compare the front of each lateral bin with the circle.
    half_width = CONSTANTS.profile_half_width
    edges = np.linspace(-half_width, half_width, CONSTANTS.profile_bins + 1)
    profile = _front_profile(np.searchsorted(edges, position), distance, len(edges))
    centers = (edges[1:] + edges[:-1]) / 2
    residual = profile / scale + np.sqrt(1 - centers**2)
    return np.std(residual, axis=1) < CONSTANTS.max_round_residual


def _front_profile(bins: Indices, distance: Floats, edge_count: int) -> Floats:
    """Measure the front of each lateral bin.

    Args:
        bins: (K, n) index of each point's bin; 0 and `edge_count` are outside of the profile.
        distance: (K, n) float32, distance from the camera [m].
        edge_count: number of bins + 1.

    Returns:
        (K, bins) float32 [m]; NaN for objects with a bin of too few points.
    """
    group = bins + np.arange(len(bins))[:, None] * (edge_count + 1)
    counts = np.bincount(group.ravel(), minlength=len(bins) * (edge_count + 1))
    # Sort by group and then by distance: one number holds both, as floats are ordered like integers.
    bits = distance.view(np.uint32)
    bits = np.where(bits & SIGN_BIT, ~bits, bits | SIGN_BIT)
    key = np.sort(((group.astype(np.uint64) << np.uint64(32)) | bits).ravel())
    starts = np.cumsum(counts) - counts
    counts, starts = (values.reshape(len(bins), -1)[:, 1:edge_count] for values in (counts, starts))
    ranks = starts + (CONSTANTS.front_percentile / 100 * counts).astype(np.intp)
    front = key[np.minimum(ranks, len(key) - 1)].astype(np.uint32)
    profile = np.where(front & SIGN_BIT, front ^ SIGN_BIT, ~front).view(np.float32)
    is_filled = counts.min(axis=1, keepdims=True) >= MIN_POINTS
    return np.where(is_filled, profile, np.float32(np.nan))


def _upright_rotations(batch: _PointBatch, z: Floats) -> Floats:
    """Find the rotations (K, 3, 3) with the third axis z (3,) and the smallest footprints."""
    # Build an arbitrary basis of the support surface.
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    # Fit the smallest rectangle to each footprint without its outliers.
    basis = np.broadcast_to(np.stack([x, y], axis=1), (len(batch.counts), 3, 2))
    footprints = batch.rotated(basis)
    low, high = _percentile_bounds(footprints, batch.counts)
    is_inlier: Mask = np.all(
        (footprints >= low[..., None]) & (footprints <= high[..., None]), axis=1
    )
    degrees = [
        cv2.minAreaRect(footprint.T[mask].astype(np.float32))[2]
        for footprint, mask in zip(footprints, is_inlier, strict=True)
    ]
    # Rotate the basis to the sides of the rectangles.
    angle = np.deg2rad(np.array(degrees)).reshape(-1, 1)
    first = np.cos(angle) * x + np.sin(angle) * y
    axes = [first, np.cross(z, first), np.broadcast_to(z, first.shape)]
    return np.stack(axes, axis=2).astype(np.float32)
