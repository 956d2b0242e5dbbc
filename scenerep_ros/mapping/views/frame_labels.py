"""Labels of the map at the pixels of a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import UNLABELLED, RGBDFrame
from scenerep_ros.geometry import deproject
from scenerep_ros.mapping.voxels.voxel_grid import VoxelGrid


def labels_in_frame(
    grid: VoxelGrid, id_table: NDArray[np.uint16], frame: RGBDFrame
) -> NDArray[np.uint16]:
    """Look up the voxel of each pixel.

    Args:
        grid: voxels.
        id_table: id of each label of the voxels.
        frame: frame; without depth, intrinsics or pose, nothing is known about its pixels.

    Returns:
        (H, W) uint16: entry of the table, or UNLABELLED where the map has no voxel.
    """
    labels = np.full(frame.shape, UNLABELLED, np.uint16)
    if frame.depth is None or frame.intrinsics is None or frame.pose is None:
        return labels
    points = deproject(frame.depth, frame.intrinsics)
    is_valid = np.isfinite(points[..., 2])
    world = points[is_valid] @ frame.pose[:3, :3].T + frame.pose[:3, 3]
    keys = grid.labels_at(grid.find(world.astype(np.float32)))
    labels[is_valid] = np.append(id_table, UNLABELLED)[keys]  # ABSENT is the last entry
    return labels
