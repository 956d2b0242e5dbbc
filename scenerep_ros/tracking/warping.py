"""Where the cells of a picture were in the last one: by pose and depth where known, else by flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import deproject, invert_depth, project

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_COLUMNS = 320  # of cells; more is finer than the motion is known
_DEPTH_STEP = 0.02  # 1 / m, difference in inverse depth from which a point is another one
_INVERSIONS = 3


def every_cell(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Slices that pick the middle pixel of each cell of an image (H, W)."""
    step = cell_size(shape)
    return slice(step // 2, None, step), slice(step // 2, None, step)


def cell_size(shape: tuple[int, int]) -> int:
    """Pixels a side of a cell of an image (H, W), small enough that it has at least one cell.

    >>> cell_size((480, 640)), cell_size((240, 320)), cell_size((2, 2000))
    (2, 1, 2)
    """
    return min(max(1, round(shape[1] / _COLUMNS)), *shape)


@dataclass(frozen=True)
class Places:
    """Where a frame's cells (h, w) were in the last frame.

    Attributes:
        u: (h, w) float32, column of the cell, maybe outside of the picture.
        v: (h, w) float32, row of the cell.
        hidden: (h, w) bool, where something else was seen there.
    """

    u: Floats
    v: Floats
    hidden: Mask

    @property
    def new(self) -> Mask:
        """Where the last frame did not see what this one sees."""
        height, width = self.u.shape
        inside = (self.u > -0.5) & (self.u < width - 0.5) & (self.v > -0.5)
        return self.hidden | ~(inside & (self.v < height - 0.5))


def find_places(flow: Floats, last: RGBDFrame, frame: RGBDFrame) -> Places:
    """Look up where each cell of a frame was.

    Args:
        flow: (h, w, 2), from the last thumbnail to this one, in its pixels.
        last: the frame before, of the same shape.
        frame: the frame.
    """
    rows, columns = (
        len(range(*s.indices(n))) for s, n in zip(every_cell(frame.shape), frame.shape, strict=True)
    )
    back = np.asarray(cv2.resize(_inverse(flow), (columns, rows)), np.float32)
    back *= np.array([columns / flow.shape[1], rows / flow.shape[0]], np.float32)
    back += np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    u, v = np.moveaxis(back, -1, 0).copy()
    places = Places(u, v, np.zeros(u.shape, np.bool_))
    views = _view(last), _view(frame)
    if views[0] is None or views[1] is None:
        return places
    return _measured(places, views[0], views[1])


def _inverse(flow: Floats) -> Floats:
    """Invert a smooth displacement field by fixed-point iteration (Chen et al., Med. Phys. 2008)."""
    height, width = flow.shape[:2]
    u, v = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    back = -flow
    for _ in range(_INVERSIONS):
        at = u + back[..., 0], v + back[..., 1]
        there = cv2.remap(flow, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        back = -np.asarray(there, np.float32)
    return back


class _View(NamedTuple):
    """A frame's cells; fields as RGBDFrame's."""

    depth: Floats
    intrinsics: Intrinsics
    pose: NDArray[np.float64]


def _view(frame: RGBDFrame) -> _View | None:
    """Return what a pose needs to say where things are, if the frame has it all."""
    if frame.depth is None or frame.intrinsics is None or frame.pose is None:
        return None
    step, k = cell_size(frame.shape), frame.intrinsics
    first = step // 2
    cells = Intrinsics(k.fx / step, k.fy / step, (k.cx - first) / step, (k.cy - first) / step)
    return _View(frame.depth[every_cell(frame.shape)], cells, frame.pose)


def _measured(guess: Places, last: _View, view: _View) -> Places:
    """Replace the guess where depth is known, which also tells what was hidden."""
    motion = (np.linalg.inv(last.pose) @ view.pose).astype(np.float32)
    points = deproject(view.depth, view.intrinsics) @ motion[:3, :3].T + motion[:3, 3]
    u, v, depth = np.moveaxis(project(points, last.intrinsics), -1, 0)
    known = depth > 0
    u, v = np.where(known, u, guess.u), np.where(known, v, guess.v)
    there = cv2.remap(
        invert_depth(last.depth), u, v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return Places(u, v, known & (np.abs(there - invert_depth(depth)) > _DEPTH_STEP))
