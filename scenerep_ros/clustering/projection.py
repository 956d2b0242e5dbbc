"""Fewer dimensions for the same points: exactly (PCA), or nearly and much faster (sketch)."""

from __future__ import annotations

import torch


def pca(points: torch.Tensor, count: int) -> torch.Tensor:
    """Project points on their principal components, the strongest first.

    Signs are fixed so that each component's largest absolute coordinate is positive.

    Args:
        points: (N, C) float32.
        count: components to keep; at most min(N, C) are there.

    Returns:
        (N, min(count, N, C)) float32, centred.
    """
    centred = points - points.mean(0)
    if len(points) >= points.shape[1]:
        axes = torch.linalg.eigh(centred.T @ centred).eigenvectors
        projected = centred @ axes.flip(1)[:, :count]
    else:  # the same projection from the smaller (N, N) matrix
        power, axes = torch.linalg.eigh(centred @ centred.T)
        projected = (axes * power.clamp(min=0).sqrt()).flip(1)[:, :count]
    extreme = projected.gather(0, projected.abs().argmax(0, keepdim=True))
    return torch.where(extreme < 0, -projected, projected)


def sketch(
    points: torch.Tensor, sample: torch.Tensor, count: int, generator: torch.Generator
) -> torch.Tensor:
    """Project points on an orthonormal basis of nearly their leading principal subspace.

    The randomised range finder with one power iteration of Halko, Martinsson and Tropp (SIAM
    Review 2011, algorithm 4.3): three thin matrix products and a small QR.

    Args:
        points: (N, C) float32, of mean zero.
        sample: (M, C) float32, the points that the basis is made for.
        count: dimensions to keep.
        generator: on the CPU, so that every device draws the same numbers.

    Returns:
        (N, count) float32; the points themselves where they have no more dimensions than that.
    """
    if points.shape[1] <= count:
        return points
    probe = torch.randn(points.shape[1], count, generator=generator).to(points.device)
    basis = torch.linalg.qr(sample.T @ (sample @ probe)).Q
    return points @ basis
