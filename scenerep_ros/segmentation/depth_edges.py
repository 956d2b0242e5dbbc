"""Where a surface ends, from depth alone: gaps and concave creases.

Everything works on inverse depth w = 1 / z. Straight lines in space stay straight in (u, v, w), so
a surface is concave between two pixels where w at the middle is below the chord, and a Kinect's
noise is the same near and far.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Steps v, u of the chords: along rows, columns and both diagonals."""


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
    for axis in (0, 1):
        step = np.diff(w, axis=axis)
        before, after = _shift(step, -1, axis), _shift(step, 1, axis)
        excess = np.fmin(np.abs(step - before), np.abs(step - after))
        jump = (np.abs(step) > gap) & ~(excess < gap)
        lower = [slice(None)] * 2
        upper = [slice(None)] * 2
        lower[axis], upper[axis] = slice(None, -1), slice(1, None)
        edges[tuple(lower)] |= jump
        edges[tuple(upper)] |= jump
    return edges


def _shift(step: Floats, by: int, axis: int) -> Floats:
    """The neighbouring difference along an axis; NaN past the border."""
    shifted = np.roll(step, by, axis)
    ends = [slice(None)] * 2
    ends[axis] = slice(0, 1) if by > 0 else slice(-1, None)
    shifted[tuple(ends)] = np.nan
    return shifted


def concavity(w: Floats, reach: int = 4) -> Floats:
    """How far the surface lies behind the straight line between its neighbours.

    Args:
        w: (H, W) float32 inverse depth, 1 / m, smooth; NaN where unknown.
        reach: half the length of the chord, pixels.

    Returns:
        (H, W) float32, metres at 1 m, the largest over the DIRECTIONS; negative where the surface
        is convex in all of them; NaN where nothing is known.
    """
    padded = cv2.copyMakeBorder(w, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=np.nan)
    height, width = w.shape
    most = np.full(w.shape, np.nan, np.float32)
    for dv, du in DIRECTIONS:
        v, u = dv * reach, du * reach
        ahead = padded[reach + v : reach + v + height, reach + u : reach + u + width]
        behind = padded[reach - v : reach - v + height, reach - u : reach - u + width]
        most = np.fmax(most, (ahead + behind) / 2 - w)
    return most


def smooth(w: Floats, sigma: float = 1.5) -> Floats:
    """Blur with a Gaussian over the known pixels only; what is unknown stays NaN."""
    known = np.isfinite(w)
    total = cv2.GaussianBlur(np.where(known, w, np.float32(0)), (0, 0), sigma)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    return np.where(known, total / np.maximum(weight, 1e-6), np.float32(np.nan))
