"""Affinity graph of the patches, and soft assignment of patches to clusters on it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class AffinityConstants:
    """Tuned constants of the affinity graph."""

    temperature: float = tuned(
        0.1,
        "decrease of the cosine similarity that divides the affinity by e",
        set_on="not recorded",
    )


CONSTANTS = AffinityConstants()


def affinity_matrix(points: torch.Tensor) -> torch.Tensor:
    """Compute the affinity of all pairs of patches from their cosine similarity.

    Args:
        points: (N, C) float32, unit length.

    Returns:
        (N, N) float32, symmetric, in (0, 1], with 1 on the diagonal.
    """
    return (points @ points.T).sub_(1).div_(CONSTANTS.temperature).exp_()


def soft_assignment(
    affinities: torch.Tensor, assignment: torch.Tensor, grid: tuple[int, int]
) -> Clusters:
    """Score each patch for each cluster by the share of its affinity to the cluster's patches.

    Args:
        affinities: (N, N) float32.
        assignment: (N,) int64, the cluster of each patch, 0..K - 1.
        grid: rows and columns of the feature grid, N patches in all.
    """
    membership = torch.nn.functional.one_hot(assignment).to(affinities)
    shares = affinities @ membership / affinities.sum(dim=1, keepdim=True)
    return Clusters(shares.T.unflatten(1, grid).contiguous())
