"""Edges that follow colour: He, Sun and Tang, "Guided image filtering" (TPAMI 2013)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def guided_filter(guide: Floats, values: Floats, radius: int, epsilon: float) -> Floats:
    """Smooth values so that they step only where the guide does.

    In each window the output is a linear function of the guide's colour that fits the values best;
    a pixel takes the mean of the functions of all windows that hold it.

    Args:
        guide: (H, W, 3) float32 colour, 0..1.
        values: (H, W) float32.
        radius: of the square windows, pixels; they are (2 radius + 1) wide.
        epsilon: variance of the guide below which a window counts as flat.

    Returns:
        (H, W) float32.
    """
    width = 2 * radius + 1
    mean, level = _blur(guide, width), _blur(values, width)
    covariance = _blur(guide * values[..., None], width) - mean * level[..., None]
    slope = _solve(*_spread(guide, mean, width, epsilon), covariance)
    offset = level - (slope * mean).sum(axis=2)
    return (_blur(slope, width) * guide).sum(axis=2) + _blur(offset, width)


def _blur(planes: Floats, width: int) -> Floats:
    blurred = cv2.blur(planes, (width, width), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def _spread(guide: Floats, mean: Floats, width: int, epsilon: float) -> tuple[Floats, Floats]:
    """Covariance of the guide's channels in each window: (H, W, 3) diagonal, and off it yz xz xy."""
    turned, turned_mean = np.roll(guide, -1, axis=2), np.roll(mean, -1, axis=2)
    diagonal = _blur(guide * guide, width) - mean * mean + np.float32(epsilon)
    beside = _blur(guide * turned, width) - mean * turned_mean  # xy, yz, zx
    return diagonal, np.roll(beside, -1, axis=2)


def _solve(diagonal: Floats, beside: Floats, right: Floats) -> Floats:
    """Solve a symmetric 3x3 system a pixel by its adjugate, many times faster than LAPACK's loop."""
    a, b, c = np.moveaxis(diagonal, 2, 0)
    yz, xz, xy = np.moveaxis(beside, 2, 0)
    x, y, z = np.moveaxis(right, 2, 0)
    minor = b * c - yz * yz, xz * yz - xy * c, xy * yz - xz * b
    determinant = a * minor[0] + xy * minor[1] + xz * minor[2]
    across = xy * xz - a * yz
    rows = (
        minor[0] * x + minor[1] * y + minor[2] * z,
        minor[1] * x + (a * c - xz * xz) * y + across * z,
        minor[2] * x + across * y + (a * b - xy * xy) * z,
    )
    return np.stack(rows, axis=2) / determinant[..., None]
