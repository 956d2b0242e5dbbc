"""Resampling of images with any number of channels, by one sparse product along each axis.

The three interpolations equal those of torch, in which networks are trained, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Interpolation = Callable[[int, int], csr_array]
"""Builds the matrix (target, source) that resamples a line of `source` pixels to `target` pixels."""

CUBIC_SLOPE = -0.5  # constant: Keys, "Cubic convolution interpolation" (1981)
"""Slope of the cubic kernel at distance 1."""
CUBIC_SUPPORT = 2  # constant: of a cubic convolution
"""Distance from which the cubic kernel is 0."""


def resample(image: Floats, size: tuple[int, int], interpolation: Interpolation) -> Floats:
    """Resample an image.

    Args:
        image: (H, W, C) float32.
        size: height and width of the result, h and w.
        interpolation: `bilinear`, `bicubic` or `aliased_bicubic`.

    Returns:
        (C, h, w) float32.
    """
    (height, width, channels), (rows, columns) = image.shape, size
    lines = interpolation(height, rows) @ image.reshape(height, -1)
    lines = lines.reshape(rows, width, channels).transpose(1, 2, 0).reshape(width, -1)
    resampled: Floats = interpolation(width, columns) @ lines
    return resampled.reshape(columns, channels, rows).transpose(1, 2, 0)


@lru_cache(maxsize=16)
def bilinear(source: int, target: int) -> csr_array:
    """Interpolate linearly between pixels; average over more of them where the line becomes shorter."""
    return _kernel_weights(source, target, lambda distance: np.maximum(1 - distance, 0))


@lru_cache(maxsize=16)
def bicubic(source: int, target: int) -> csr_array:
    """Interpolate with cubic pieces; average over more pixels where the line becomes shorter."""
    return _kernel_weights(source, target, _cubic_kernel)


@lru_cache(maxsize=16)
def aliased_bicubic(source: int, target: int) -> csr_array:
    """Interpolate with cubic pieces between four pixels, also where the line becomes shorter."""
    unit_lines = np.eye(source, dtype=np.float32)
    return csr_array(cv2.resize(unit_lines, (source, target), interpolation=cv2.INTER_CUBIC))


def _kernel_weights(source: int, target: int, kernel: Callable[[Doubles], Doubles]) -> csr_array:
    scale = source / target
    centers = (np.arange(target) + 0.5) * scale
    distances = np.abs(np.arange(source) + 0.5 - centers[:, None]) / max(scale, 1.0)
    weights = kernel(distances)
    return csr_array((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


def _cubic_kernel(distance: Doubles) -> Doubles:
    a = CUBIC_SLOPE
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance < 1, near, far) * (distance < CUBIC_SUPPORT)
