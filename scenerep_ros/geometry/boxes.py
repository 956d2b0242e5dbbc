"""3D bounding boxes of objects, all objects of a frame at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.box_orientation import are_round, rotations_towards, upright_rotations
from scenerep_ros.geometry.point_batch import CONSTANTS as BATCH_CONSTANTS
from scenerep_ros.geometry.point_batch import (
    PointBatch,
    interpolate_percentiles,
    percentile_bounds,
)

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MIN_POINTS = 3  # constant: a plane has three points
"""Number of points that span a box."""


@dataclass(frozen=True)
class BoxConstants:
    """Tuned constants of bounding boxes."""

    round_percentiles: tuple[float, float] = tuned(
        (0.3, 99.7),
        "percentiles of the points that bound the width of a round object",
        set_on="argument: 1 percent of a disc's area is cut 7 percent of the radius from its side",
    )
    contact_m: float = tuned(
        0.025,
        "distance from the support plane within which the lower side of a box rests on it",
        unit="m",
        set_on="argument: noise of a Kinect at 2.5 m, and pixels lost at the contact line",
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
        points: (n, 3) float32, finite [m], for each object.
        up: (3,) normal of the support surface. The third axis of the boxes is then parallel to it,
            and a box has the smallest footprint; that of a round object is completed by the side
            that the camera does not see. Without it, boxes are aligned with the camera.
        support_height: position of the support surface along `up` [m]. The lower side of a box that
            ends near it is moved onto it.

    Returns:
        The box of each object; None for fewer than three points.
    """
    fitted = [index for index, cloud in enumerate(points) if len(cloud) >= MIN_POINTS]
    boxes: list[Box | None] = [None] * len(points)
    if not fitted:
        return boxes
    batch = PointBatch.stack([points[index] for index in fitted])
    is_round = np.zeros(len(fitted), bool)
    rotation = np.broadcast_to(np.eye(3, dtype=np.float32), (len(fitted), 3, 3)).copy()
    if up is not None:
        z = up / np.linalg.norm(up)
        rotation = rotations_towards(batch, z)
        is_round = are_round(batch, rotation)
        rotation[~is_round] = upright_rotations(batch.select(~is_round), z)
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
    points = points.reshape(-1, 3)
    return object_boxes([points[np.isfinite(points).all(axis=1)]], up, support_height)[0]


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
    batch = PointBatch.stack([points])
    rotation = upright_rotations(batch, up / np.linalg.norm(up))
    low, high = percentile_bounds(batch.rotated(rotation), batch.counts)
    return _boxes_between(low, high, rotation)[0]


def _bounds(batch: PointBatch, rotation: Floats, is_round: Mask) -> tuple[Floats, Floats]:
    """Compute the lower and upper bounds (K, 3) of objects along the columns of rotation (K, 3, 3).

    Of a round object the camera sees the front half only.
    """
    turned = np.sort(batch.rotated(rotation), axis=2)
    low, high = interpolate_percentiles(turned, batch.counts, BATCH_CONSTANTS.percentiles)
    low[is_round, 0], high[is_round, 0] = interpolate_percentiles(
        turned[is_round, 0], batch.counts[is_round], CONSTANTS.round_percentiles
    )
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
