"""Where each pixel of an image was in the last one, as far as can be told."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_training.data.views.correspondence import posed_view, project_between
from scenerep_training.data.views.positions import pixel_grid

SMALLEST_SIDE = 16
"""Pixels of an image that dense inverse search can handle."""

Flow = NDArray[np.float32]


@dataclass(frozen=True)
class Places:
    """Where the pixels of an image were in the last one.

    Attributes:
        rows: (H, W) intp, of the nearest pixel; 0 where unknown.
        columns: (H, W) intp.
        visible: (H, W) bool, where the same thing is known to be seen in both images.
        measured: whether depth and pose say so, not optical flow.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    visible: NDArray[np.bool_]
    measured: bool


def last_places(last: RGBDFrame, current: RGBDFrame) -> Places:
    """Find where the pixels of the current image were in the last one.

    Where depth and pose of both frames are known, by them: each pixel's point is projected into
    the last image, and is visible there if the depth measured there is its own. This takes the
    scene to stand still; what moved is mostly found hidden. Else by optical flow.
    """
    if last.shape != current.shape:
        return _unknown(current.shape)
    views = posed_view(current), posed_view(last)
    if views[0] is None or views[1] is None:
        return _by_flow(last, current)
    found = project_between(views[0], views[1], pixel_grid(current.shape))
    return _nearest(found[..., 1], found[..., 0], measured=True)


def _by_flow(last: RGBDFrame, current: RGBDFrame) -> Places:
    """Dense inverse search (Kroeger et al., ECCV 2016), checked by searching the other way.

    The check is that of Sundaram, Brox and Keutzer (ECCV 2010): there and back must end where it
    began, within a tolerance that grows with the motion.
    """
    if min(current.shape) < SMALLEST_SIDE:
        return _unknown(current.shape)
    there, back = _flow(current, last), _flow(last, current)
    v, u = np.indices(current.shape, np.float32) + np.moveaxis(there[..., ::-1], -1, 0)
    back = np.asarray(cv2.remap(back, u, v, cv2.INTER_LINEAR), np.float32)
    error = _squared(there + back)
    consistent = error < 0.01 * (_squared(there) + _squared(back)) + 0.5
    places = _nearest(v, u, measured=False)
    return Places(places.rows, places.columns, places.visible & consistent, measured=False)


def _flow(start: RGBDFrame, end: RGBDFrame) -> Flow:
    """(H, W, 2), shift in u and v of each pixel of the first image."""
    first, second = (cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY) for frame in (start, end))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(first, second, np.zeros((*start.shape, 2), np.float32)))


def _unknown(shape: tuple[int, int]) -> Places:
    nowhere = np.full(shape, np.nan, np.float32)
    return _nearest(nowhere, nowhere, measured=False)


def _squared(flow: Flow) -> NDArray[np.float32]:
    return np.einsum("hwc,hwc->hw", flow, flow)


def _nearest(v: NDArray[np.float32], u: NDArray[np.float32], measured: bool) -> Places:
    """Pixels nearest to image coordinates, visible where those are inside of the image."""
    height, width = v.shape
    row, column = np.rint(v), np.rint(u)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return Places(
        np.where(inside, row, 0).astype(np.intp),
        np.where(inside, column, 0).astype(np.intp),
        inside,
        measured,
    )
