"""Dimensionality reduction of points: exact (PCA), or approximate and much faster (sketch)."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray


def pca(points: NDArray[np.float32], component_count: int) -> NDArray[np.float32]:
    """Project points on their principal components, the strongest first.

    Signs are fixed so that each component's largest absolute coordinate is positive.

    Args:
        points: (N, C) float32.
        component_count: number of components to keep; at most min(N, C) exist.

    Returns:
        (N, min(component_count, N, C)) float32, centered.
    """
    centered = points - points.mean(0)
    if len(points) >= points.shape[1]:
        _, axes = largest_eigenpairs(centered.T @ centered, component_count)
        projected = centered @ axes
    else:  # the same projection from the smaller (N, N) matrix
        variance, axes = largest_eigenpairs(centered @ centered.T, component_count)
        projected = axes * np.sqrt(np.maximum(variance, 0))
    extreme = np.take_along_axis(projected, np.abs(projected).argmax(0)[None], 0)
    return np.where(extreme < 0, -projected, projected)


def largest_eigenpairs(
    matrix: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the largest eigenvalues of a symmetric matrix and their eigenvectors.

    Args:
        matrix: (N, N) float32.
        count: number of eigenvalues; at most N exist.

    Returns:
        (min(count, N),) eigenvalues, descending, and (N, min(count, N)) eigenvectors.
    """
    subset = max(len(matrix) - count, 0), len(matrix) - 1
    values, vectors = scipy.linalg.eigh(matrix, subset_by_index=subset, check_finite=False)
    return values[::-1], vectors[:, ::-1]


def sketch(
    points: NDArray[np.float32],
    sample: NDArray[np.float32],
    dimensions: int,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """Project points on an orthonormal basis of nearly their leading principal subspace.

    The basis is found by the randomized range finder with one power iteration of Halko, Martinsson
    and Tropp (SIAM Review 2011, algorithm 4.3): three thin matrix products and a small QR.

    Args:
        points: (N, C) float32, of mean zero.
        sample: (M, C) float32, the points from which the basis is computed.
        dimensions: number of dimensions to keep.
        generator: generator of all random numbers.

    Returns:
        (N, dimensions) float32; the points themselves if they have no more dimensions than that.
    """
    if points.shape[1] <= dimensions:
        return points
    probe = generator.standard_normal((points.shape[1], dimensions), np.float32)
    basis, _ = np.linalg.qr(sample.T @ (sample @ probe))
    return points @ basis
