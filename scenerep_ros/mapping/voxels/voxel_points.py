"""Points of a voxel map: mean position, color and label of each voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    def by_label(self) -> dict[int, Floats]:
        """Return the positions (n, 3) of each label [m]."""
        if not len(self.labels):
            return {}
        order = np.argsort(self.labels, kind="stable")
        labels, starts = np.unique(self.labels[order], return_index=True)
        parts = np.split(self.positions[order], starts[1:])
        return dict(zip(labels.tolist(), parts, strict=True))
