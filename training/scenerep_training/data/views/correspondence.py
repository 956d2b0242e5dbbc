"""Correspondence of pixels between two frames by reprojection."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import invert_depth, project
from scenerep_training.data.views.positions import Positions, sample_nearest

MAX_INVERSE_DEPTH_DIFFERENCE = 0.02
"""Difference of inverse depth above which a point is occluded [1/m]: 2 cm at 1 m, 8 cm at 2 m."""


class PosedView(NamedTuple):
    """Depth, intrinsics and pose of a frame; see `RGBDFrame`."""

    depth: NDArray[np.float32]
    intrinsics: Intrinsics
    pose: NDArray[np.float64]


def posed_view(frame: RGBDFrame) -> PosedView | None:
    """Return the geometry of a frame; None if depth, intrinsics or pose are unknown."""
    if frame.depth is None or frame.intrinsics is None or frame.pose is None:
        return None
    return PosedView(frame.depth, frame.intrinsics, frame.pose)


def find_correspondences(first: RGBDFrame, second: RGBDFrame, positions: Positions) -> Positions:
    """Reproject positions of the first frame to the second.

    Args:
        first: frame of the positions.
        second: another frame of the recording, or the same one.
        positions: (..., 2) float32 positions u, v in the first frame [px].

    Returns:
        (..., 2) float32 positions u, v in the second frame [px]; NaN for all positions if the
        geometry of a frame is unknown, and as in `reproject_positions`.
    """
    first_view, second_view = posed_view(first), posed_view(second)
    if first_view is None or second_view is None:
        return np.full_like(positions, np.nan)
    return reproject_positions(first_view, second_view, positions)


def reproject_positions(first: PosedView, second: PosedView, positions: Positions) -> Positions:
    """Reproject positions of the first view to the second, and reject occluded points.

    A point is visible in the second view if the depth measured there equals its own depth. The scene
    is assumed to be static; most moving points are rejected as occluded.

    Args:
        first: view of the positions.
        second: view to which they are reprojected.
        positions: (..., 2) float32 positions u, v in the first view [px].

    Returns:
        (..., 2) float32 positions u, v in the second view [px]; NaN for points without depth,
        occluded points and points outside of the image.
    """
    # Deproject, transform to the second camera, and project.
    motion = np.linalg.inv(second.pose) @ first.pose
    points = _deproject(first, positions)
    points = points @ motion[:3, :3].T.astype(np.float32) + motion[:3, 3].astype(np.float32)
    projected = project(points, second.intrinsics)
    reprojected, depth = projected[..., :2], projected[..., 2]
    # Reject occluded points by comparing the projected with the measured depth.
    measured = invert_depth(sample_nearest(second.depth, reprojected))
    is_visible = np.abs(measured - invert_depth(depth)) < MAX_INVERSE_DEPTH_DIFFERENCE
    reprojected[~(is_visible & _is_inside(reprojected, second.depth.shape))] = np.nan
    return reprojected


def _is_inside(positions: Positions, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    u, v = positions[..., 0], positions[..., 1]
    height, width = shape
    return (u >= -0.5) & (u < width - 0.5) & (v >= -0.5) & (v < height - 0.5)


def _deproject(view: PosedView, positions: Positions) -> NDArray[np.float32]:
    """Return the points (..., 3) at positions, in the optical frame [m]; NaN without depth."""
    intrinsics = view.intrinsics
    depth = sample_nearest(view.depth, positions)
    depth = np.where((depth > 0) & (depth < np.inf), depth, np.float32(np.nan))
    x = (positions[..., 0] - intrinsics.cx) / intrinsics.fx
    y = (positions[..., 1] - intrinsics.cy) / intrinsics.fy
    return np.stack([x * depth, y * depth, depth], axis=-1).astype(np.float32)
