"""Where the pixels of one frame are in another one, by depth and pose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import invert_depth, project
from scenerep_training.data.views.positions import Positions, sample

DEPTH_STEP = 0.02
"""Difference in inverse depth from which a point is another one, 1 / m: 2 cm at 1 m, 8 cm at 2 m."""


class PosedView(NamedTuple):
    """What is needed of a frame to project its pixels into another one; fields as RGBDFrame's."""

    depth: NDArray[np.float32]
    intrinsics: Intrinsics
    pose: NDArray[np.float64]


def posed_view(frame: RGBDFrame) -> PosedView | None:
    """Return what a frame says of its geometry; None where depth, intrinsics or pose are unknown."""
    if frame.depth is None or frame.intrinsics is None or frame.pose is None:
        return None
    return PosedView(frame.depth, frame.intrinsics, frame.pose)


def correspondences(first: RGBDFrame, second: RGBDFrame, positions: Positions) -> Positions:
    """Find where positions in the first frame are in the second; NaN everywhere if not known.

    Args:
        first: a frame.
        second: another one of its recording, or itself.
        positions: as `project_between`.
    """
    views = posed_view(first), posed_view(second)
    if views[0] is None or views[1] is None:
        return np.full_like(positions, np.nan)
    return project_between(views[0], views[1], positions)


def project_between(first: PosedView, second: PosedView, positions: Positions) -> Positions:
    """Find where positions in the first view are in the second.

    Each point is projected into the second view, and is visible there if the depth measured there
    is its own. This takes the scene to stand still; what moved is mostly found hidden.

    Args:
        first: where the positions are.
        second: where they are looked for.
        positions: (..., 2) float32, u and v in pixels of the first.

    Returns:
        (..., 2) float32, u and v in pixels of the second; NaN where there is no depth, where
        something else is in front, and outside of the image.
    """
    motion = np.linalg.inv(second.pose) @ first.pose
    points = _points(first, positions)
    moved = points @ motion[:3, :3].T.astype(np.float32) + motion[:3, 3].astype(np.float32)
    projected = project(moved, second.intrinsics)
    found, depth = projected[..., :2], projected[..., 2]
    there = invert_depth(sample(second.depth, found))
    seen = np.abs(there - invert_depth(depth)) < DEPTH_STEP
    found[~(seen & _inside(found, second.depth.shape))] = np.nan
    return found


def _inside(positions: Positions, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    u, v = positions[..., 0], positions[..., 1]
    height, width = shape
    return (u >= -0.5) & (u < width - 0.5) & (v >= -0.5) & (v < height - 0.5)


def _points(view: PosedView, positions: Positions) -> NDArray[np.float32]:
    """Points (..., 3) at positions, metres, optical frame; NaN where there is no depth."""
    camera = view.intrinsics
    depth = sample(view.depth, positions)
    depth = np.where((depth > 0) & (depth < np.inf), depth, np.float32(np.nan))
    x = (positions[..., 0] - camera.cx) / camera.fx
    y = (positions[..., 1] - camera.cy) / camera.fy
    return np.stack([x * depth, y * depth, depth], axis=-1).astype(np.float32)
