"""Subsampling of points and images."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def subsample(points: NDArray[Scalar], max_count: int) -> NDArray[Scalar]:
    """Return at most a number of points (n, ...), evenly distributed over their order."""
    return points[:: max(1, -(-len(points) // max_count))]


def sampling_step(area: int, sample_count: int) -> int:
    """Return the distance of sampled pixels, both ways, that leaves about a number of an area [px].

    >>> sampling_step(480 * 640, 19200)
    4
    """
    return max(1, round((area / sample_count) ** 0.5))
