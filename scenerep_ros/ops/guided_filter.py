"""Edge-preserving smoothing: He, Sun and Tang, "Guided image filtering" (TPAMI 2013)."""

from __future__ import annotations

import numpy as np

from scenerep_ros.ops.resize import Planes, box_filter, resize_area, resize_bilinear


def guided_filter(guide: Planes, values: Planes, radius: int, epsilon: float) -> Planes:
    """Smooth values so that they have edges only where the guide has.

    In each window the output is the linear function of the guide's colour that fits the values
    best. A pixel averages the functions of all windows that contain it. The functions vary slowly,
    so the values may be coarser than the guide (He and Sun, "Fast guided filter", 2015).

    Args:
        guide: (3, H, W) float32 colour, 0..1.
        values: (h, w) float32, as large as the guide or an integer fraction of it.
        radius: radius of the square windows, pixels of values; they are (2 radius + 1) wide.
        epsilon: variance of the guide below which a window counts as flat.

    Returns:
        (H, W) float32.
    """
    # Fit the functions at the resolution of the values and average them over the windows.
    coarse_guide = resize_area(guide, values.shape)
    coefficients = box_filter(_fit(coarse_guide, values, radius, epsilon), radius)
    # Apply them at the resolution of the guide.
    coefficients = resize_bilinear(coefficients, guide.shape[1:])
    slope, offset = coefficients[:3], coefficients[3]
    return np.einsum("chw,chw->hw", slope, guide) + offset


def _fit(guide: Planes, values: Planes, radius: int, epsilon: float) -> Planes:
    """Fit slope and offset (4, h, w) of the linear function of each window."""
    # Compute the moments of each window.
    products = np.concatenate([_pairwise_products(guide), guide * values])
    moments = box_filter(np.concatenate([guide, values[None], products]), radius)
    guide_mean, value_mean, guide_moment, cross_moment = np.split(moments, (3, 4, 10))
    # Solve the regularized normal equations.
    covariance = guide_moment - _pairwise_products(guide_mean)
    cross_covariance = cross_moment - guide_mean * value_mean
    slope = _solve_symmetric(covariance[:3] + epsilon, covariance[3:], cross_covariance)
    return np.concatenate([slope, value_mean - (slope * guide_mean).sum(axis=0)])


def _pairwise_products(planes: Planes) -> Planes:
    """Multiply three planes pairwise: xx, yy, zz, yz, xz, xy, (6, h, w)."""
    x, y, z = planes
    return np.concatenate([planes * planes, np.stack([y * z, x * z, x * y])])


def _solve_symmetric(diagonal: Planes, off_diagonal: Planes, right_side: Planes) -> Planes:
    """Solve a symmetric 3x3 system in each pixel by its adjugate.

    This is many times faster than the loop over pixels of LAPACK.

    Args:
        diagonal: (3, h, w) float32, the elements xx, yy, zz of the matrix.
        off_diagonal: (3, h, w) float32, the elements yz, xz, xy.
        right_side: (3, h, w) float32.

    Returns:
        (3, h, w) float32.
    """
    (a, b, c), (yz, xz, xy), (x, y, z) = diagonal, off_diagonal, right_side
    # Compute the cofactors of the first row, and the determinant from them.
    cofactor = b * c - yz * yz, xz * yz - xy * c, xy * yz - xz * b
    determinant = a * cofactor[0] + xy * cofactor[1] + xz * cofactor[2]
    cofactor_yz = xy * xz - a * yz
    # Multiply the adjugate with the right side.
    rows = (
        cofactor[0] * x + cofactor[1] * y + cofactor[2] * z,
        cofactor[1] * x + (a * c - xz * xz) * y + cofactor_yz * z,
        cofactor[2] * x + cofactor_yz * y + (a * b - xy * xy) * z,
    )
    return np.stack(rows) / determinant
