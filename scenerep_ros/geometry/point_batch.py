"""Points of several objects in one array, so that all of them share each operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.subsampling import subsample

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PointBatchConstants:
    """Tuned constants of the points of objects."""

    percentiles: tuple[float, float] = tuned(
        (1.0, 99.0),
        "percentiles of the points that bound a box along each axis",
        set_on="argument: a stray pixel at an object's border must not extend the box",
    )
    max_points: int = tuned(
        2048,
        "number of points that a box is computed from",
        set_on="argument: more points change the box by less than the noise of the sensor",
    )


CONSTANTS = PointBatchConstants()


@dataclass(frozen=True)
class PointBatch:
    """Points of K objects in one array.

    Attributes:
        points: (K, 3, n) float32 [m]; NaN beyond the number of an object's points.
        counts: (K,) number of points of each object.
    """

    points: Floats
    counts: Indices

    @classmethod
    def stack(cls, clouds: Sequence[Floats]) -> PointBatch:
        """Stack clouds (n, 3), of which large ones are subsampled."""
        clouds = [subsample(cloud, CONSTANTS.max_points) for cloud in clouds]
        counts = np.array([len(cloud) for cloud in clouds])
        points = np.full((len(clouds), 3, counts.max()), np.nan, np.float32)
        for row, cloud in zip(points, clouds, strict=True):
            row[:, : len(cloud)] = cloud.T
        return cls(points, counts)

    def select(self, is_selected: Mask) -> PointBatch:
        """Return some of the objects."""
        return PointBatch(self.points[is_selected], self.counts[is_selected])

    def rotated(self, rotation: Floats) -> Floats:
        """Return the coordinates (K, m, n) of the points along the columns of rotation (K, 3, m)."""
        return np.matmul(rotation.swapaxes(1, 2), self.points)


def percentile_bounds(values: Floats, counts: Indices) -> tuple[Floats, Floats]:
    """Compute the bounding percentiles (K, ...) of values (K, ..., n)."""
    return interpolate_percentiles(np.sort(values, axis=-1), counts, CONSTANTS.percentiles)


def interpolate_percentiles(
    ordered: Floats, counts: Indices, percentiles: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Compute two percentiles (K, ...) of sorted values (K, ..., n), by linear interpolation."""
    rank = np.multiply.outer(np.array(percentiles) / 100, counts - 1)
    lower = rank.astype(np.intp)
    upper = np.minimum(lower + 1, counts - 1)
    fraction = (rank - lower).astype(np.float32).reshape(*rank.shape, *[1] * (ordered.ndim - 2))
    rows = np.arange(len(counts))
    below, above = ordered[rows, ..., lower], ordered[rows, ..., upper]
    low, high = (1 - fraction) * below + fraction * above
    return low, high
