"""Standard deviation of residuals with outliers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAD_TO_DEVIATION = 1.4826  # constant: of a normal distribution


def robust_deviation(residuals: NDArray[np.float32]) -> float:
    """Estimate the standard deviation of residuals of any shape around 0; 0 without any.

    It is that of a normal distribution of the same median magnitude.
    """
    return MAD_TO_DEVIATION * float(np.median(np.abs(residuals))) if residuals.size else 0.0
