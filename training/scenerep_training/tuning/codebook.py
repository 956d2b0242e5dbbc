"""Codebook of a recording, and its stability."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_training.agreement.scoring import assign
from scenerep_training.evaluation.metrics.rand_index import adjusted_rand_index

MAX_POINTS = 30_000
"""Patches from which a codebook is computed."""


def fit_codebook(
    frames: Sequence[torch.Tensor], clusters: int, seed: int
) -> tuple[torch.Tensor, float]:
    """Cluster the patches of many frames.

    Args:
        frames: (N, C) unit-length features of each frame.
        clusters: number of centers, K.
        seed: of all random numbers.

    Returns:
        (K, C) float32 centers, and their stability: the adjusted Rand index of the partitions by
        the codebooks of the first and of the second half of the frames.
    """
    half = (len(frames) + 1) // 2
    parts = [sample_points(part, seed) for part in (frames, frames[:half], frames[half:] or frames)]
    centers, first, second = (kmeans_sweep(part, [clusters], seed).centers[0] for part in parts)
    stability = adjusted_rand_index(assign(parts[0], first), assign(parts[0], second))
    return centers, stability


def sample_points(frames: Sequence[torch.Tensor], seed: int) -> torch.Tensor:
    """Draw MAX_POINTS patches of all frames: (M, C) float32."""
    points = torch.cat([frame.float() for frame in frames])
    generator = torch.Generator().manual_seed(seed)
    return points[torch.randperm(len(points), generator=generator)[:MAX_POINTS]]
