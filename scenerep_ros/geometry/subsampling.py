"""Subsampling of points."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def subsample(points: NDArray[Scalar], max_count: int) -> NDArray[Scalar]:
    """Return at most a number of points (n, ...), evenly distributed over their order."""
    return points[:: max(1, -(-len(points) // max_count))]
