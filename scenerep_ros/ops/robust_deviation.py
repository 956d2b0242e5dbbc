"""Median, and standard deviation of residuals with outliers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAD_TO_DEVIATION = 1.4826  # constant: of a normal distribution


def robust_deviation(residuals: NDArray[np.float32]) -> float:
    """Estimate the standard deviation of residuals of any shape around 0; 0 without any.

    It is that of a normal distribution of the same median magnitude.
    """
    return MAD_TO_DEVIATION * float(median(np.abs(residuals).ravel())) if residuals.size else 0.0


def median(values: NDArray[Any]) -> NDArray[Any]:
    """Compute the median (...) of finite values (..., n) along the last axis; n is at least 1.

    One partition and a maximum take an eighth of the time of `np.median` for 30,000 values, which
    partitions at both middle values and at the last one, in search of NaN.

    >>> median(np.array([[3.0, 1.0, 2.0, 8.0]])).tolist()
    [2.5]
    """
    middle = values.shape[-1] // 2
    ordered = np.partition(values, middle, axis=-1)
    if values.shape[-1] % 2:
        return ordered[..., middle]
    return (ordered[..., :middle].max(axis=-1) + ordered[..., middle]) / 2
