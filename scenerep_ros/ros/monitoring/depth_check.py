"""Check of live depth: its unit must be the one that REP 118 gives its encoding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.sources.depth_units import impossible_depth_median

SAMPLE_STEP_PX = 8  # constant: thousands of pixels determine a median
"""Distance between the pixels of which the median is computed [px]."""


def impossible_median(depth: NDArray[np.float32]) -> float | None:
    """Return the median of a depth image (H, W) [m] if it cannot be; None for good depth.

    An image with hardly any measurement is no evidence.
    """
    return impossible_depth_median((depth[::SAMPLE_STEP_PX, ::SAMPLE_STEP_PX],))
