"""Depth that lies beside colour, moved to where colour has the same edges."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth
from scenerep_ros.geometry.discontinuities import depth_discontinuities
from scenerep_ros.ops.working_grid import coarse_step

Floats = NDArray[np.float32]
Shift = tuple[int, int]

REACH = 10
"""Pixels of the coarse grid up to which a shift is looked for, all ways."""
STEEP = 90.0
"""Percentile of colour's gradient from which an edge counts in full."""
BETTER = 1.04
"""Times as well as they lie, shifted steps must fit. Of 15 registered images of mOSD none fits
better; all do that are shifted by 5 pixels."""
PEAK = 1.25
"""Times as well as at most other places steps must fit: a flat maximum tells nothing."""
LEAST_SHIFT = 2.0
"""Pixels of the coarse grid below which depth stays where it is."""
STILL = 4
"""Pixels of the coarse grid by which a camera may move from frame to frame to count as still."""
SURE = 2
"""Still frames that must agree on a shift for it to be kept in motion."""
ENOUGH = 30
"""Still frames after which one more would change little, and is not looked at."""


class Registration:
    """Finds how far depth lies beside colour, which is the same in all frames of a camera.

    Chamfer matching (Barrow et al., "Parametric correspondence and chamfer matching", IJCAI 1977),
    with colour's gradient in place of the distance. A camera that moves tells nothing: its colour
    and depth may be of different moments.

    Args:
        gap: smallest step in depth, metres at 1 m.
    """

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self._fit = np.zeros((2 * REACH + 1, 2 * REACH + 1), np.float32)
        self._frames = 0
        self._last: Floats | None = None

    def __call__(self, frame: RGBDFrame, clear: bool = True) -> RGBDFrame:
        """Shift the next frame's depth so that its steps lie on edges of colour, if it must be.

        Args:
            frame: of the same camera as the ones before.
            clear: whether its colour tells edges from noise.
        """
        if frame.depth is None:
            return frame
        first = self._last is None
        if self._frames < ENOUGH:
            self._learn(frame, clear)
        if self._frames < (1 if first else SURE):
            return frame
        down, right = (part * coarse_step(frame.shape) for part in _best(self._fit))
        return frame if down == right == 0 else _shifted(frame, down, right)

    def _learn(self, frame: RGBDFrame, clear: bool) -> None:
        last, self._last = self._last, _thumbnail(frame)
        if clear and (last is None or _still(last, self._last)):
            self._fit += _fit(frame, self.gap)
            self._frames += 1
        elif self._frames < SURE:
            self._fit[:], self._frames = 0, 0


def _thumbnail(frame: RGBDFrame) -> Floats:
    small = np.ascontiguousarray(frame.color[:: _stride(frame), :: _stride(frame)])
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _stride(frame: RGBDFrame) -> int:
    return STILL * coarse_step(frame.shape)


def _still(last: Floats, current: Floats) -> bool:
    if last.shape != current.shape or min(last.shape) < 2:
        return False
    window = cv2.createHanningWindow(last.shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(last, current, window)
    return bool(np.hypot(right, down) < 1)


def _fit(frame: RGBDFrame, gap: float) -> Floats:
    """Mean gradient of colour under the steps in depth, for each shift of these."""
    assert frame.depth is not None
    step = coarse_step(frame.shape)
    edges = depth_discontinuities(invert_depth(frame.depth[::step, ::step]), gap).astype(np.float32)
    inner = np.ascontiguousarray(edges[REACH:-REACH, REACH:-REACH])
    if not inner.any():
        return np.zeros((2 * REACH + 1, 2 * REACH + 1), np.float32)
    fit = cv2.matchTemplate(_gradient(frame.color[::step, ::step]), inner, cv2.TM_CCORR)
    return np.asarray(fit / inner.sum(), np.float32)


def _gradient(color: NDArray[np.uint8]) -> Floats:
    """Of the steepest channel (H, W), 0..1."""
    smooth = cv2.GaussianBlur(color, (0, 0), 1.0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    steepness = cv2.magnitude(across, down).max(axis=2)
    most = max(float(np.percentile(steepness[::2, ::2], STEEP)), 1e-3)
    return np.asarray(np.minimum(steepness / np.float32(most), 1), np.float32)


def _best(fit: Floats) -> Shift:
    """Shift down and right, pixels of the coarse grid; none where it is small or no better."""
    v, u = np.unravel_index(int(fit.argmax()), fit.shape)
    down, right = int(v) - REACH, int(u) - REACH
    better = fit[v, u] > max(BETTER * fit[REACH, REACH], PEAK * float(np.median(fit)))
    return (down, right) if better and np.hypot(down, right) >= LEAST_SHIFT else (0, 0)


def _shifted(frame: RGBDFrame, down: int, right: int) -> RGBDFrame:
    assert frame.depth is not None
    height, width = frame.shape
    depth = np.full_like(frame.depth, np.nan)
    depth[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = (
        frame.depth[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    )
    return replace(frame, depth=depth)
