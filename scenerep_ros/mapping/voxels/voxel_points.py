"""Points of a voxel map: mean position, color and label of each voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class VoxelPoints:
    """Points of a map.

    Attributes:
        positions: (n, 3) float32, mean of the points of each voxel [m], world.
        colors: (n, 3) uint8, RGB.
        labels: (n,) int32, label with the most votes; NO_OBJECT for structure.
    """

    positions: Floats
    colors: NDArray[np.uint8]
    labels: NDArray[np.int32]

    def with_labels(self, labels: Sequence[int]) -> VoxelPoints:
        """Return the points with some labels only; those of all others are BACKGROUND."""
        is_kept = np.isin(self.labels, labels)
        return replace(self, labels=np.where(is_kept, self.labels, np.int32(BACKGROUND)))

    def by_label(self) -> dict[int, Floats]:
        """Return the positions (n, 3) of each label [m]."""
        if not len(self.labels):
            return {}
        order = np.argsort(self.labels, kind="stable")
        labels, starts = np.unique(self.labels[order], return_index=True)
        parts = np.split(self.positions[order], starts[1:])
        return dict(zip(labels.tolist(), parts, strict=True))
