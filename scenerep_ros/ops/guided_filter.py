"""Edges that follow colour: He, Sun and Tang, "Guided image filtering" (TPAMI 2013)."""

from __future__ import annotations

import torch

from scenerep_ros.ops.resize import enlarged, shrunk, window_means


def guided_filter(
    guide: torch.Tensor, values: torch.Tensor, radius: int, epsilon: float
) -> torch.Tensor:
    """Smooth values so that they step only where the guide does.

    In each window the output is a linear function of the guide's colour that fits the values best;
    a pixel takes the mean of the functions of all windows that hold it. The functions vary slowly,
    so the values may be coarser than the guide (He and Sun, "Fast guided filter", 2015).

    Args:
        guide: (3, H, W) float32 colour, 0..1.
        values: (h, w) float32, as large as the guide or a whole part of it, on the same device.
        radius: of the square windows, pixels of values; they are (2 radius + 1) wide.
        epsilon: variance of the guide below which a window counts as flat.

    Returns:
        (H, W) float32.
    """
    coarse = shrunk(guide, values.shape)
    functions = window_means(_fit(coarse, values, radius, epsilon), radius)
    slope_and_offset = enlarged(functions, guide.shape[1:])
    return (slope_and_offset[:3] * guide).sum(dim=0) + slope_and_offset[3]


def _fit(guide: torch.Tensor, values: torch.Tensor, radius: int, epsilon: float) -> torch.Tensor:
    """Slope and offset (4, h, w) of each window's function."""
    products = torch.cat([_products(guide), guide * values])
    blurred = window_means(torch.cat([guide, values[None], products]), radius)
    mean, level, spread, covariance = blurred.split([3, 1, 6, 3])
    spread = spread - _products(mean)
    slope = _solve(spread[:3] + epsilon, spread[3:], covariance - mean * level)
    return torch.cat([slope, level - (slope * mean).sum(dim=0)])


def _products(planes: torch.Tensor) -> torch.Tensor:
    """Products (6, h, w) of three planes: xx, yy, zz, yz, xz, xy."""
    x, y, z = planes
    return torch.cat([planes * planes, torch.stack([y * z, x * z, x * y])])


def _solve(diagonal: torch.Tensor, beside: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Solve a symmetric 3x3 system a pixel by its adjugate, many times faster than LAPACK's loop.

    Args:
        diagonal: three planes (3, h, w).
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
    return torch.stack(rows) / determinant
