"""Labels where depth has none, from what looks alike nearby."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from scenerep_ros.frames import UNLABELLED, Features
from scenerep_ros.ops.patch_coverage import patch_coverage
from scenerep_ros.ops.upsample import upsample_scores

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

LIKENESS = 0.05
"""Difference in cosine similarity that makes a cell's word count for a third."""
NEARNESS = 2.0
"""Distance in cells at which a cell's word counts for 0.6."""
LEAST_WEIGHT = 1e-4
"""Of all that a cell is told together; below it, nothing near enough looks alike."""
NO_SMALLER = -80.0
"""Logarithm of a weight that is as good as none; subnormal numbers are slow."""
LEAST_SHARE = 0.3
"""Of the weight that a label needs to win a pixel."""


def fill_undecided(labels: Labels, decided: Mask, features: Features) -> Labels:
    """Label the undecided pixels as the decided ones near them that look like them.

    Each cell of the feature grid without depth is told the labels of the others, weighted by how
    alike and how near they are: one round of label propagation (Zhu and Ghahramani 2002). What
    depth tells goes to the features' device, and only the labels of undecided pixels come back.

    Args:
        labels: (H, W) int32, 0..K.
        decided: (H, W) bool, where labels are known.
        features: of the frame.

    Returns:
        (H, W) int32: labels, and UNLABELLED where an undecided pixel's cell is like nothing near.
    """
    undecided = np.flatnonzero(~decided)
    if not undecided.size:
        return labels
    rows, columns, _ = features.grid.shape
    votes = patch_coverage(labels, decided, (rows, columns))
    scores = _propagated(votes, features.grid).T.unflatten(1, (rows, columns))
    filled = labels.copy()
    filled.put(undecided, _best(scores, labels.shape, undecided).cpu().numpy())
    return filled


def _best(scores: torch.Tensor, shape: tuple[int, ...], pixels: Indices) -> torch.Tensor:
    """Label (n,) int32 with the best interpolated score (K + 1, rows, columns) at each pixel.

    Pixels are indices of the flat image of a shape (H, W).
    """
    enlarged = upsample_scores(scores.contiguous(), shape)
    asked = torch.from_numpy(pixels).to(scores.device)
    best, label = enlarged.flatten(1).index_select(1, asked).max(dim=0)
    return torch.where(best > LEAST_SHARE, label, UNLABELLED).int()


def _propagated(votes: Floats, grid: torch.Tensor) -> torch.Tensor:
    """Votes (cells, K + 1), in cells that are not wholly decided replaced by what others say."""
    rows, columns, channels = grid.shape
    decided = votes.sum(axis=1)
    asking, telling, scores = (
        torch.from_numpy(array).to(grid.device)
        for array in (np.flatnonzero(decided < 0.999), np.flatnonzero(decided > 0), votes)
    )
    look = grid.reshape(-1, channels)
    look = normalize(look - look.mean(dim=0), dim=1)
    index = torch.arange(rows * columns, device=grid.device)
    place = torch.stack([index // columns, index % columns], dim=1).to(look.dtype)
    likeness = (look[asking] @ look[telling].T - 1) / LIKENESS
    distance = torch.cdist(place[asking], place[telling]) / NEARNESS
    weight = torch.exp((likeness - distance**2 / 2).clamp_min(NO_SMALLER))
    told = weight @ scores[telling]
    total = told.sum(dim=1, keepdim=True)
    scores[asking] = torch.where(total > LEAST_WEIGHT, told / total.clamp_min(1e-12), 0.0)
    return scores
