"""Log likelihood ratios of objects against the background, from histograms of a measurement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SMOOTHING_KERNEL = np.array([1, 2, 3, 2, 1], np.float32) / 9
MIN_LIKELIHOOD = 0.02
"""Added to the likelihood of each bin to bound the ratios."""


def log_likelihood_ratios(
    bins: NDArray[np.intp], background: Plane, objects: Plane, bin_count: int
) -> Plane:
    """Return the log ratio of each pixel's likelihood in each object and in the background.

    Args:
        bins: (h, w) intp in 0..bin_count - 1, the quantized measurement.
        background: (h, w) float32, weight of each pixel in the background histogram.
        objects: (h, w, K) float32, weight of each pixel in the histogram of each object.
        bin_count: number of bins.

    Returns:
        (h, w, K) float32.
    """
    background_likelihood = _histogram(bins, background, bin_count)
    ratios = np.empty_like(objects)
    for k in range(objects.shape[-1]):
        likelihood = _histogram(bins, objects[..., k], bin_count)
        ratios[..., k] = np.log(likelihood / background_likelihood)[bins]
    return ratios


def _histogram(bins: NDArray[np.intp], weights: Plane, bin_count: int) -> Plane:
    """(bin_count,) float32, normalized weighted histogram, smoothed over neighboring bins."""
    counts = np.bincount(bins.ravel(), weights.ravel(), bin_count) + 1e-6
    padded = np.pad(counts / counts.sum(), len(SMOOTHING_KERNEL) // 2, mode="edge")
    smoothed = np.convolve(padded, SMOOTHING_KERNEL, "valid")
    return np.asarray(smoothed + MIN_LIKELIHOOD, np.float32)
