"""State of a map at one time, without the data that only its extension needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import MapObject
from scenerep_ros.mapping.views.map_views import MapViews
from scenerep_ros.mapping.voxels.voxel_points import VoxelPoints

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class MapSnapshot:
    """State of a scene map.

    Attributes:
        objects: objects that are present, in order of their ids.
        points: points of the map; labels are ids of objects, BACKGROUND for everything else.
        views: reduced depth images of the places from which the map was made.
        up: (3,) float32, upward direction of the world.
        voxel_size: side of a voxel [m].
        stamps_ns: (n,) int64, times of the integrated frames [ns].
        poses: (n, 4, 4) float64, camera to world, of the integrated frames.
    """

    objects: tuple[MapObject, ...]
    points: VoxelPoints
    views: MapViews
    up: Floats
    voxel_size: float
    stamps_ns: NDArray[np.int64]
    poses: NDArray[np.float64]

    def object_points(self) -> dict[int, Floats]:
        """Return the points (n, 3) of each object [m], by its id."""
        points = self.points.by_label()
        return {item.id: points[item.id] for item in self.objects if item.id in points}
