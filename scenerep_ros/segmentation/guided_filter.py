"""Edges that follow colour: He, Sun and Tang, "Guided image filtering" (TPAMI 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def guided_filter(guide: Floats, values: Floats, radius: int, epsilon: float) -> Floats:
    """Smooth values so that they step only where the guide does.

    In each window the output is a linear function of the guide's colour that fits the values best;
    a pixel takes the mean of the functions of all windows that hold it. The functions vary slowly,
    so the values may be coarser than the guide (He and Sun, "Fast guided filter", 2015).

    Args:
        guide: (H, W, 3) float32 colour, 0..1.
        values: (h, w) float32, as large as the guide or smaller.
        radius: of the square windows, pixels of values; they are (2 radius + 1) wide.
        epsilon: variance of the guide below which a window counts as flat.

    Returns:
        (H, W) float32.
    """
    height, width = values.shape
    window = 2 * radius + 1
    coarse = cv2.resize(guide, (width, height), interpolation=cv2.INTER_AREA)
    slope, offset = _fit(_planes(coarse), values, window, epsilon)
    total = _enlarge(_blur(offset, window), guide.shape)
    for plane, channel in zip(slope, _planes(guide), strict=True):
        total += _enlarge(_blur(plane, window), guide.shape) * channel
    return total


def _planes(image: NDArray[Any]) -> Floats:
    """Channels first, each contiguous."""
    return np.stack([np.asarray(plane, np.float32) for plane in cv2.split(image)])


def _enlarge(plane: Floats, shape: tuple[int, ...]) -> Floats:
    return np.asarray(cv2.resize(plane, shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _blur(plane: Floats, window: int) -> Floats:
    blurred = cv2.blur(plane, (window, window), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def _fit(guide: Floats, values: Floats, window: int, epsilon: float) -> tuple[Floats, Floats]:
    """Slope (3, h, w) and offset (h, w) of each window's function, of a guide (3, h, w)."""
    mean, level = [_blur(plane, window) for plane in guide], _blur(values, window)

    def spread(i: int, j: int) -> Floats:
        return _blur(guide[i] * guide[j], window) - mean[i] * mean[j]

    diagonal = [spread(i, i) + np.float32(epsilon) for i in range(3)]
    beside = [spread(1, 2), spread(0, 2), spread(0, 1)]
    covariance = [_blur(guide[i] * values, window) - mean[i] * level for i in range(3)]
    slope = _solve(diagonal, beside, covariance)
    return slope, level - (slope * np.stack(mean)).sum(axis=0)


def _solve(diagonal: Sequence[Floats], beside: Sequence[Floats], right: Sequence[Floats]) -> Floats:
    """Solve a symmetric 3x3 system a pixel by its adjugate, many times faster than LAPACK's loop.

    Args:
        diagonal: three planes (h, w).
        beside: those off it: yz, xz, xy.
        right: those of the right side.

    Returns:
        (3, h, w) float32.
    """
    (a, b, c), (yz, xz, xy), (x, y, z) = diagonal, beside, right
    minor = b * c - yz * yz, xz * yz - xy * c, xy * yz - xz * b
    determinant = a * minor[0] + xy * minor[1] + xz * minor[2]
    across = xy * xz - a * yz
    rows = (
        minor[0] * x + minor[1] * y + minor[2] * z,
        minor[1] * x + (a * c - xz * xz) * y + across * z,
        minor[2] * x + across * y + (a * b - xy * xy) * z,
    )
    return np.stack(rows) / determinant
