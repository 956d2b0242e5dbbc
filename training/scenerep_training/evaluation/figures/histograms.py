"""How likely what was measured is in one label, against another: by counting it in both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SMOOTHING = np.array([1, 2, 3, 2, 1], np.float32) / 9
LEAST = 0.02
"""Added to each share, that none is zero."""


def log_ratios(bins: NDArray[np.intp], background: Plane, objects: Plane, count: int) -> Plane:
    """Logarithms of how much more often each pixel's measurement occurs in objects.

    Args:
        bins: (h, w) intp below count, which measurement it is.
        background: (h, w) float32, how much each pixel counts for the background.
        objects: (h, w, K) float32, how much it does for each object.
        count: of the bins.

    Returns:
        (h, w, K) float32.
    """
    other = _shares(bins, background, count)
    ratios = np.empty_like(objects)
    for k in range(objects.shape[-1]):
        own = _shares(bins, objects[..., k], count)
        ratios[..., k] = np.log(own / other)[bins]
    return ratios


def _shares(bins: NDArray[np.intp], weights: Plane, count: int) -> Plane:
    """(count,), how often each occurs by weight, smoothed over neighbours."""
    counts = np.bincount(bins.ravel(), weights.ravel(), count) + 1e-6
    padded = np.pad(counts / counts.sum(), len(SMOOTHING) // 2, mode="edge")
    return np.asarray(np.convolve(padded, SMOOTHING, "valid") + LEAST, np.float32)
