"""Where a surface ends, from depth alone: gaps and concave creases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.geometry.inverse_depth import neighbours

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Steps v, u of the chords: along rows, columns and both diagonals."""
REACH = 4
"""Half the length of the chords, in pixels of the view."""


def depth_gaps(w: Floats, gap: float) -> Mask:
    """Find pixels next to a step in depth.

    A step is what is left of the difference between two neighbours after the slope on its flatter
    side is taken off, so that slanted surfaces have none.

    Args:
        w: (H, W) float32 inverse depth, 1 / m, NaN where unknown.
        gap: smallest step, metres at 1 m.

    Returns:
        (H, W) bool, true on both sides of the step.
    """
    edges = np.zeros(w.shape, bool)
    for dv, du in ((0, 1), (1, 0)):
        step = neighbours(w, dv, du)[0] - w
        after, before = neighbours(step, dv, du)
        excess = np.fmin(np.abs(step - before), np.abs(step - after))
        jump = (np.abs(step) > gap) & ~(excess < gap)
        edges |= jump
        edges[dv:, du:] |= jump[: jump.shape[0] - dv, : jump.shape[1] - du]
    return edges


def concavity(w: Floats) -> Floats:
    """How far the surface lies behind the straight line between its neighbours.

    Straight lines in space are straight in (u, v, 1 / z) too, so this needs no points.

    Args:
        w: (H, W) float32 inverse depth, 1 / m, smooth; NaN where unknown.

    Returns:
        (H, W) float32, metres at 1 m, the largest over the DIRECTIONS; negative where the surface
        is convex in all of them; NaN where nothing is known.
    """
    most = np.full(w.shape, np.nan, np.float32)
    for dv, du in DIRECTIONS:
        ahead, behind = neighbours(w, REACH * dv, REACH * du)
        most = np.fmax(most, (ahead + behind) / 2 - w)
    return most
