"""Positions of the foreground patches, and their segments as clusters of the whole feature grid."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.constants import tuned
from scenerep_ros.ops.connected_components import expand_labels


@dataclass(frozen=True)
class PatchSegmentConstants:
    """Tuned constants of segments of patches."""

    expansion_distance: int = tuned(
        3,
        "distance by which segments are expanded, as the border of foreground is finer than patches",
        unit="patches",
        set_on="not recorded",
    )


CONSTANTS = PatchSegmentConstants()


def append_positions(
    features: torch.Tensor, patches: torch.Tensor, grid: torch.Size, weight: float
) -> torch.Tensor:
    """Append the positions of patches to their features.

    Args:
        features: (N, C) float32.
        patches: (N,) int64, flat indices of the patches.
        grid: rows and columns of the feature grid.
        weight: weight of a position in lengths of the image's longer side.

    Returns:
        (N, C + 2) float32: feature, weighted row and column.
    """
    columns = grid[1]
    positions = torch.stack([patches // columns, patches % columns], dim=1)
    return torch.cat([features, positions * (weight / max(grid))], dim=1)


def clusters_from_segments(
    segments: torch.Tensor, count: int, patches: torch.Tensor, grid: torch.Size
) -> Clusters:
    """Expand segments of the foreground patches beyond the foreground, and convert them to scores.

    Args:
        segments: (N,) int64, segment 0..count - 1 of each foreground patch.
        count: number of segments.
        patches: (N,) int64, flat indices of the foreground patches.
        grid: rows and columns of the feature grid.

    Returns:
        Clusters with scores of 0 or 1.
    """
    labels = segments.new_zeros(grid)
    labels.view(-1)[patches] = 1 + segments
    everywhere = torch.ones_like(labels, dtype=torch.bool)
    labels = expand_labels(labels, everywhere, CONSTANTS.expansion_distance)
    numbers = torch.arange(1, count + 1, device=labels.device)
    return Clusters((labels == numbers[:, None, None]).float())
