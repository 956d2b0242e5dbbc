"""The graph of a feature grid's cells, whose weights say how much two of them look alike."""

from __future__ import annotations

import torch

from scenerep_ros.clustering.clusters import Clusters

TEMPERATURE = 0.1
"""A pair that is 0.1 less alike, by cosine similarity, weighs e times less."""


def weigh(points: torch.Tensor) -> torch.Tensor:
    """Weights (N, N) float32, 0..1, symmetric, of unit-length points (N, C)."""
    return (points @ points.T).sub_(1).div_(TEMPERATURE).exp_()


def vote(weights: torch.Tensor, names: torch.Tensor, grid: tuple[int, int]) -> Clusters:
    """Score each cell by how much of what looks like it each cluster holds.

    Args:
        weights: (N, N).
        names: (N,) int64, the cluster of each cell, 0..K - 1.
        grid: rows and columns, N in all.
    """
    members = torch.nn.functional.one_hot(names).to(weights)
    shares = weights @ members / weights.sum(dim=1, keepdim=True)
    return Clusters(shares.T.unflatten(1, grid).contiguous())
