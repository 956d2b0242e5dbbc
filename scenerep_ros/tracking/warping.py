"""Backward warp from a frame to the previous one, by depth and pose where known, else by flow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays
from scenerep_ros.ops.working_grid import working_grid_step

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_HALF_PIXEL = 0.5  # constant: pixel centers are at integers


@dataclass(frozen=True)
class WarpingConstants:
    """Tuned constants of the backward warp."""

    occlusion_threshold: float = tuned(
        0.02,
        "difference of inverse depth above which the previous frame shows another surface",
        unit="1/m",
        set_on="not recorded",
    )


CONSTANTS = WarpingConstants()


def working_grid_slices(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Slices that sample an image (H, W) at the centers of the pixels of its working grid.

    >>> working_grid_slices((480, 640))
    (slice(1, None, 2), slice(1, None, 2))
    """
    step = working_grid_step(shape)
    return slice(step // 2, None, step), slice(step // 2, None, step)


@dataclass(frozen=True)
class GridFrame:
    """A frame with its depth on the working grid, for the warps from it and to it."""

    frame: RGBDFrame

    @cached_property
    def depth(self) -> Floats | None:
        """(h, w) float32, depth [m]; None without depth."""
        if self.frame.depth is None:
            return None
        return np.ascontiguousarray(self.frame.depth[working_grid_slices(self.frame.shape)])

    @cached_property
    def inverse_depth(self) -> Floats | None:
        """(h, w) float32, inverse depth [1/m], 0 where it is unknown; None without depth."""
        if self.depth is None:
            return None
        return np.fmax(invert_depth(self.depth), np.float32(0))


@dataclass(frozen=True)
class BackwardWarp:
    """Positions of a frame's working-grid pixels in the working grid of the previous frame.

    Attributes:
        u: (h, w) float32, column in the previous frame [px], possibly outside the image.
        v: (h, w) float32, row in the previous frame [px], possibly outside the image.
        occluded: (h, w) bool, pixels at whose position the previous frame shows another surface.
        changed: (h, w) bool, pixels that seem to show another surface, by color or depth; None for
            no pixel.
    """

    u: Floats
    v: Floats
    occluded: Mask
    changed: Mask | None = None

    @property
    def disoccluded(self) -> Mask:
        """Pixels (h, w) that the previous frame does not show: occluded, or outside its image."""
        height, width = self.u.shape
        is_inside = (self.u > -_HALF_PIXEL) & (self.u < width - _HALF_PIXEL)
        is_inside &= (self.v > -_HALF_PIXEL) & (self.v < height - _HALF_PIXEL)
        return self.occluded | ~is_inside


def estimate_backward_warp(
    warp: BackwardWarp, previous: GridFrame, current: GridFrame
) -> BackwardWarp:
    """Estimate where each working-grid pixel of a frame was in the previous frame.

    Args:
        warp: result of `warp_by_flow`, which is returned without depth, intrinsics and poses of both
            frames.
        previous: frame of the same shape.
        current: frame whose pixels are located in the previous one.
    """
    previous_view, current_view = _depth_view(previous), _depth_view(current)
    if previous_view is None or current_view is None:
        return warp
    return _reproject(warp, previous_view, current_view)


def warp_by_flow(backward_flow: Floats, shape: tuple[int, int]) -> BackwardWarp:
    """Scale a backward flow to the working grid of an image; no pixel is occluded.

    Args:
        backward_flow: (h, w, 2) float32, from the current tracking grid to the previous one [px].
        shape: height and width of the image [px].
    """
    rows, columns = (
        len(range(*slice_.indices(length)))
        for slice_, length in zip(working_grid_slices(shape), shape, strict=True)
    )
    # Scale the flow from the tracking grid to the working grid.
    height, width = backward_flow.shape[:2]
    u, v = (np.asarray(axis) for axis in cv2.split(cv2.resize(backward_flow, (columns, rows))))
    u, v = u * np.float32(columns / width), v * np.float32(rows / height)
    # Turn displacements into positions.
    u += np.arange(columns, dtype=np.float32)
    v += np.arange(rows, dtype=np.float32)[:, None]
    return BackwardWarp(u, v, np.zeros(u.shape, np.bool_))


class _DepthView(NamedTuple):
    """Depth and camera of a frame on its working grid.

    Attributes:
        depth: (h, w) float32 [m].
        inverse_depth: (h, w) float32 [1/m], 0 where it is unknown.
        intrinsics: camera of the working grid.
        pose: (4, 4) float64, camera to world.
    """

    depth: Floats
    inverse_depth: Floats
    intrinsics: Intrinsics
    pose: NDArray[np.float64]


def _depth_view(view: GridFrame) -> _DepthView | None:
    """Return depth and camera of a frame; None if depth, intrinsics or pose are missing."""
    frame = view.frame
    if view.depth is None or view.inverse_depth is None:
        return None
    if frame.intrinsics is None or frame.pose is None:
        return None
    step = working_grid_step(frame.shape)
    intrinsics = frame.intrinsics.subsampled(step, offset=step // 2)
    return _DepthView(view.depth, view.inverse_depth, intrinsics, frame.pose)


def _reproject(warp: BackwardWarp, previous: _DepthView, current: _DepthView) -> BackwardWarp:
    """Replace the warp where depth is known, and mark occlusions there."""
    # Transform the current points to the previous camera and project them.
    motion = (np.linalg.inv(previous.pose) @ current.pose).astype(np.float32)
    u, v, depth = _moved_pixels(current, motion, previous.intrinsics)
    has_depth = depth > 0
    u, v = np.where(has_depth, u, warp.u), np.where(has_depth, v, warp.v)
    # Compare expected and measured inverse depth in the previous frame.
    measured = cv2.remap(
        previous.inverse_depth, u, v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    is_other_surface = np.abs(measured - invert_depth(depth)) > CONSTANTS.occlusion_threshold
    return BackwardWarp(u, v, has_depth & (measured > 0) & is_other_surface)


def _moved_pixels(
    view: _DepthView, motion: Floats, intrinsics: Intrinsics
) -> tuple[Floats, Floats, Floats]:
    """Project the points of a view after a rigid motion (4, 4).

    Returns:
        u and v (h, w) [px], and depth [m]; NaN without depth and behind the camera.
    """
    rays = viewing_rays(view.intrinsics, *view.depth.shape)
    z = np.where((view.depth > 0) & (view.depth < np.inf), view.depth, np.float32(np.nan))
    # Sums of rows and columns of the viewing rays take less time than products of 3-vectors.
    x, y, depth = (
        ((row[0] * rays[0, :, 0] + row[2]) + row[1] * rays[:, :1, 1]) * z + row[3]
        for row in motion[:3]
    )
    depth[~(depth > 0)] = np.nan
    u = x / depth * np.float32(intrinsics.fx) + np.float32(intrinsics.cx)
    v = y / depth * np.float32(intrinsics.fy) + np.float32(intrinsics.cy)
    return u, v, depth
