"""Affinity graph of the patches, and soft assignment of patches to clusters on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


def affinity_matrix(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the affinity of all pairs of patches from their cosine similarity.

    Args:
        points: (N, C) float32, unit length.

    Returns:
        (N, N) float32, symmetric, in (0, 1], with 1 on the diagonal.
    """
    affinities = points @ points.T
    affinities -= 1
    affinities /= CONSTANTS.temperature
    return np.exp(affinities, out=affinities)


def soft_assignment(
    affinities: NDArray[np.float32], assignment: NDArray[np.int64], grid: tuple[int, int]
) -> Clusters:
    """Score each patch for each cluster by the share of its affinity to the cluster's patches.

    Args:
        affinities: (N, N) float32.
        assignment: (N,) int64, the cluster of each patch, 0..K - 1.
        grid: rows and columns of the feature grid, N patches in all.
    """
    membership = assignment == np.arange(assignment.max() + 1)[:, None]
    shares = membership.astype(np.float32) @ affinities.T / affinities.sum(1)
    return Clusters(shares.reshape(-1, *grid))
