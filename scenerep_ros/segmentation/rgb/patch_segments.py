"""Positions of the foreground patches, and their segments as clusters of the whole feature grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    features: NDArray[np.float32], patches: NDArray[np.int64], grid: tuple[int, ...], weight: float
) -> NDArray[np.float32]:
    """Append the positions of patches to their features.

    Args:
        features: (N, C) float32.
        patches: (N,) int64, flat indices of the patches.
        grid: rows and columns of the feature grid.
        weight: weight of a position in lengths of the image's longer side.

    Returns:
        (N, C + 2) float32: feature, weighted row and column.
    """
    positions = np.stack(np.divmod(patches, grid[1]), axis=1).astype(np.float32)
    return np.concatenate([features, positions * (weight / max(grid))], axis=1)


def clusters_from_segments(
    segments: NDArray[np.int64], count: int, patches: NDArray[np.int64], grid: tuple[int, ...]
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
    labels = np.zeros(grid, np.int64)
    labels.flat[patches] = 1 + segments
    labels = expand_labels(labels, np.ones(grid, np.bool_), CONSTANTS.expansion_distance)
    numbers = np.arange(1, count + 1)
    return Clusters((labels == numbers[:, None, None]).astype(np.float32))
