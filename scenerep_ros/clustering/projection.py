"""Dimensionality reduction of points: exact (PCA), or approximate and much faster (sketch)."""

from __future__ import annotations

import torch


def pca(points: torch.Tensor, component_count: int) -> torch.Tensor:
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
        axes = torch.linalg.eigh(centered.T @ centered).eigenvectors
        projected = centered @ axes.flip(1)[:, :component_count]
    else:  # the same projection from the smaller (N, N) matrix
        variance, axes = torch.linalg.eigh(centered @ centered.T)
        projected = (axes * variance.clamp(min=0).sqrt()).flip(1)[:, :component_count]
    extreme = projected.gather(0, projected.abs().argmax(0, keepdim=True))
    return torch.where(extreme < 0, -projected, projected)


def sketch(
    points: torch.Tensor, sample: torch.Tensor, dimensions: int, generator: torch.Generator
) -> torch.Tensor:
    """Project points on an orthonormal basis of nearly their leading principal subspace.

    The basis is found by the randomized range finder with one power iteration of Halko, Martinsson
    and Tropp (SIAM Review 2011, algorithm 4.3): three thin matrix products and a small QR.

    Args:
        points: (N, C) float32, of mean zero.
        sample: (M, C) float32, the points from which the basis is computed.
        dimensions: number of dimensions to keep.
        generator: generator on the CPU, so that every device draws the same numbers.

    Returns:
        (N, dimensions) float32; the points themselves if they have no more dimensions than that.
    """
    if points.shape[1] <= dimensions:
        return points
    probe = torch.randn(points.shape[1], dimensions, generator=generator).to(points.device)
    basis = torch.linalg.qr(sample.T @ (sample @ probe)).Q
    return points @ basis
