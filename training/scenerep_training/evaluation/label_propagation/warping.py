"""Backward warp from an image to the previous one, by depth and pose where known, else by flow."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_training.data.views.correspondence import posed_view, reproject_positions
from scenerep_training.data.views.positions import pixel_grid

MIN_IMAGE_SIDE_PX = 16
"""Smallest image side that dense inverse search can process."""

Flow = NDArray[np.float32]


@dataclass(frozen=True)
class NearestBackwardWarp:
    """Position of each pixel in the previous image, rounded to the nearest pixel.

    Attributes:
        rows: (H, W) intp, row in the previous image; 0 where unknown.
        columns: (H, W) intp, column in the previous image; 0 where unknown.
        visible: (H, W) bool, pixels whose surface both images show. It is False where a pixel is
            disoccluded (occluded or outside the previous image) or its position is unknown.
        is_geometric: True if the warp is from depth and pose, False if it is from optical flow.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    visible: NDArray[np.bool_]
    is_geometric: bool


def estimate_backward_warp(last: RGBDFrame, current: RGBDFrame) -> NearestBackwardWarp:
    """Estimate the backward warp from the current frame to the last one.

    With depth, intrinsics and pose of both frames, each pixel's point is reprojected into the last
    image, and is occluded there if another depth was measured. This assumes a static scene: moved
    surfaces are mostly reported as occluded. Otherwise the warp is from optical flow.
    """
    if last.shape != current.shape:
        return _unknown_warp(current.shape)
    views = posed_view(current), posed_view(last)
    if views[0] is None or views[1] is None:
        return _warp_by_flow(last, current)
    positions = reproject_positions(views[0], views[1], pixel_grid(current.shape))
    return _round_positions(positions[..., 1], positions[..., 0], is_geometric=True)


def _warp_by_flow(last: RGBDFrame, current: RGBDFrame) -> NearestBackwardWarp:
    """Estimate the warp by dense inverse search (Kroeger et al., ECCV 2016).

    Occlusions are detected by the forward-backward check of Sundaram, Brox and Keutzer (ECCV 2010):
    the two flows must cancel, within a tolerance that grows with the motion.
    """
    if min(current.shape) < MIN_IMAGE_SIDE_PX:
        return _unknown_warp(current.shape)
    backward, forward = _estimate_flow(current, last), _estimate_flow(last, current)
    v, u = np.indices(current.shape, np.float32) + np.moveaxis(backward[..., ::-1], -1, 0)
    # Sample the forward flow at the end of the backward flow; consistent flows add up to zero.
    forward = np.asarray(cv2.remap(forward, u, v, cv2.INTER_LINEAR), np.float32)
    error = _squared_norm(backward + forward)
    is_consistent = error < 0.01 * (_squared_norm(backward) + _squared_norm(forward)) + 0.5
    warp = _round_positions(v, u, is_geometric=False)
    return NearestBackwardWarp(
        warp.rows, warp.columns, warp.visible & is_consistent, is_geometric=False
    )


def _estimate_flow(start: RGBDFrame, end: RGBDFrame) -> Flow:
    """Return the flow (H, W, 2) from start to end, u and v [px]."""
    first, second = (cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY) for frame in (start, end))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(first, second, np.zeros((*start.shape, 2), np.float32)))


def _unknown_warp(shape: tuple[int, int]) -> NearestBackwardWarp:
    positions = np.full(shape, np.nan, np.float32)
    return _round_positions(positions, positions, is_geometric=False)


def _squared_norm(flow: Flow) -> NDArray[np.float32]:
    # h, w: pixels; c: components u and v.
    return np.einsum("hwc,hwc->hw", flow, flow)


def _round_positions(
    v: NDArray[np.float32], u: NDArray[np.float32], is_geometric: bool
) -> NearestBackwardWarp:
    """Round image coordinates (H, W) to pixels; those outside the image or NaN are not visible."""
    height, width = v.shape
    row, column = np.rint(v), np.rint(u)
    is_inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return NearestBackwardWarp(
        np.where(is_inside, row, 0).astype(np.intp),
        np.where(is_inside, column, 0).astype(np.intp),
        is_inside,
        is_geometric,
    )
