"""Codebook of a recording, its stability, and codebooks without one block of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_training.agreement.scoring import assign
from scenerep_training.evaluation.metrics.rand_index import adjusted_rand_index

MAX_POINTS = 30_000
"""Patches from which a codebook is computed."""

Frames = Sequence[torch.Tensor]
"""Unit-length features (N, C) of each frame."""


def fit_codebook(frames: Frames, clusters: int, seed: int) -> tuple[torch.Tensor, float]:
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


def fit_without_each(blocks: Sequence[Frames], clusters: int, seed: int) -> list[torch.Tensor]:
    """Compute one codebook (K, C) for each block, from the frames of all other blocks.

    Args:
        blocks: frames of each block, as in `fit_codebook`; two or more blocks have some.
        clusters: number of centers, K.
        seed: of all random numbers.
    """
    codebooks = []
    for held_back in range(len(blocks)):
        others = [frame for i, block in enumerate(blocks) if i != held_back for frame in block]
        points = sample_points(others, seed)
        codebooks.append(kmeans_sweep(points, [clusters], seed).centers[0])
    return codebooks


def sample_points(frames: Frames, seed: int) -> torch.Tensor:
    """Draw MAX_POINTS patches of all frames: (M, C) float32."""
    points = torch.cat([frame.float() for frame in frames])
    generator = torch.Generator().manual_seed(seed)
    return points[torch.randperm(len(points), generator=generator)[:MAX_POINTS]]
