"""Segments of the foreground patches as clusters of the whole feature grid."""

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
