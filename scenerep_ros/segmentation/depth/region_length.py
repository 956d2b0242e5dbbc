"""Length of regions in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.ops.region_samples import RegionSamples

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RegionLengthConstants:
    """Tuned constants of the length of regions."""

    min_length_percentile: float = tuned(
        2.0, "percentile of a region's points at which its length starts", set_on="not recorded"
    )
    max_length_percentile: float = tuned(
        98.0, "percentile of a region's points at which its length ends", set_on="not recorded"
    )


CONSTANTS = RegionLengthConstants()


def find_oversized_regions(
    samples: RegionSamples, view: InverseDepthImage, max_size: float
) -> Mask:
    """Find regions that are too long for an object: shelves, frames, the front of a table.

    Args:
        samples: pixels of each of the K regions.
        view: inverse depth.
        max_size: length of the longest object [m].

    Returns:
        (K + 1,) bool.
    """
    is_oversized = np.zeros(samples.count + 1, bool)
    if samples.count:
        rays = view.rays.reshape(-1, 3).take(samples.pixels, axis=0)
        points = rays / view.values.take(samples.pixels)[:, None]
        is_oversized[1:] = _lengths(points, samples) > max_size
    return is_oversized


def _lengths(points: Floats, samples: RegionSamples) -> NDArray[np.float64]:
    """Measure regions (K,) along their first principal axis, without outliers [m].

    Args:
        points: (n, 3) float32, points of the samples [m].
        samples: regions of the points.
    """
    centered = points - samples.means(points)[samples.index]
    products = centered[:, :, None] * centered[:, None]
    axes = np.linalg.eigh(samples.sums(products.reshape(-1, 9)).reshape(-1, 3, 3))[1][..., -1]
    # i: points; k: coordinates.
    along = np.einsum("ik,ik->i", centered, axes[samples.index])
    # Interpolate the percentiles of each region.
    ordered = samples.sort(along)
    ends = [
        samples.interpolate(ordered, percentile / 100)
        for percentile in (CONSTANTS.min_length_percentile, CONSTANTS.max_length_percentile)
    ]
    return ends[1] - ends[0]
