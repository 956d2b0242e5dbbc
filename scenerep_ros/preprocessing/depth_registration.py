"""Estimation and correction of a constant depth-to-colour offset by chamfer matching."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth
from scenerep_ros.geometry.discontinuities import depth_discontinuities
from scenerep_ros.ops.working_grid import working_grid_step

Floats = NDArray[np.float32]
Offset = tuple[int, int]

GRID = "working grid, 320 columns"
MIN_CORRELATION_SIDE_PX = 2  # constant: requirement of OpenCV
"""Shorter side of an image that phase correlation accepts."""


@dataclass(frozen=True)
class DepthRegistrationConstants:
    """Tuned constants of depth registration."""

    max_shift_px: int = tuned(
        10,
        "largest offset that is searched, in all directions",
        unit="px",
        grid=GRID,
        set_on="not recorded",
    )
    min_shift_px: float = tuned(
        2.0, "offset below which depth is not shifted", unit="px", grid=GRID, set_on="not recorded"
    )
    edge_percentile: float = tuned(
        90.0, "percentile of the colour gradient that has the weight 1", set_on="not recorded"
    )
    color_sigma_px: float = tuned(
        1.0,
        "standard deviation of the Gaussian that smooths colour before the gradient",
        unit="px",
        grid=GRID,
        set_on="not recorded",
    )
    min_gain: float = tuned(
        1.04,
        "ratio of the score at an offset to the score at zero above which depth is shifted",
        set_on="mOSD: none of 15 registered images exceeds it, all do when shifted by 5 px",
    )
    min_peak_ratio: float = tuned(
        1.25,
        "ratio of the score at an offset to the median score above which depth is shifted",
        set_on="not recorded",
    )
    max_still_motion_px: int = tuned(
        4,
        "camera motion between two frames below which the camera counts as still",
        unit="px",
        grid=GRID,
        set_on="not recorded",
    )
    min_frames: int = tuned(
        2,
        "number of still frames after which the offset is kept while the camera moves",
        set_on="not recorded",
    )
    max_frames: int = tuned(
        30,
        "number of still frames after which the estimate is final",
        set_on="argument: a further frame changes the mean score by little",
    )


CONSTANTS = DepthRegistrationConstants()


class DepthRegistration:
    """Estimates and corrects a constant depth-to-colour offset by chamfer matching.

    The score of an offset is the mean colour gradient under the shifted depth discontinuities
    (Barrow et al., "Parametric correspondence and chamfer matching", IJCAI 1977, with the gradient
    in place of the distance to an edge). Scores add up over the frames of a still camera. Frames of
    a moving camera are ignored, because their colour and depth may be of different moments.

    Args:
        gap: depth discontinuity threshold, as a difference of inverse depth [1/m].
    """

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.reset()

    def reset(self) -> None:
        """Discard the estimate, as if no frame had been processed."""
        self._scores = _zero_scores()
        self._frame_count = 0
        self._previous: Floats | None = None

    def __call__(self, frame: RGBDFrame, is_well_exposed: bool = True) -> RGBDFrame:
        """Shift the depth of the next frame by the estimated offset.

        Args:
            frame: next frame of the same camera.
            is_well_exposed: False if noise may exceed the colour edges; the frame then does not
                contribute to the estimate.

        Returns:
            The frame itself if its depth needs no shift, or else a copy with shifted depth.
        """
        if frame.depth is None:
            return frame
        is_first = self._previous is None
        if self._frame_count < CONSTANTS.max_frames:
            self._update(frame, is_well_exposed)
        if self._frame_count < (1 if is_first else CONSTANTS.min_frames):
            return frame
        down, right = (
            offset * working_grid_step(frame.shape) for offset in _best_offset(self._scores)
        )
        return frame if down == right == 0 else _shift_depth(frame, down, right)

    def _update(self, frame: RGBDFrame, is_well_exposed: bool) -> None:
        previous, self._previous = self._previous, _thumbnail(frame)
        if is_well_exposed and (previous is None or _is_still(previous, self._previous)):
            self._scores += _offset_scores(frame, self.gap)
            self._frame_count += 1
        elif self._frame_count < CONSTANTS.min_frames:
            self._scores, self._frame_count = _zero_scores(), 0


def _zero_scores() -> Floats:
    side = 2 * CONSTANTS.max_shift_px + 1
    return np.zeros((side, side), np.float32)


def _thumbnail(frame: RGBDFrame) -> Floats:
    """Subsample the grey levels so that the largest motion of a still camera is one pixel."""
    step = CONSTANTS.max_still_motion_px * working_grid_step(frame.shape)
    small = np.ascontiguousarray(frame.color[::step, ::step])
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _is_still(previous: Floats, current: Floats) -> bool:
    if previous.shape != current.shape or min(previous.shape) < MIN_CORRELATION_SIDE_PX:
        return False
    window = cv2.createHanningWindow(previous.shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(previous, current, window)
    return bool(np.hypot(right, down) < 1)


def _offset_scores(frame: RGBDFrame, gap: float) -> Floats:
    """Compute the mean colour gradient under the depth discontinuities for each offset.

    Returns:
        (2 * max_shift_px + 1, 2 * max_shift_px + 1) float32, rows of the offset down and columns of
        the offset to the right, 0..1; all 0 without discontinuities.
    """
    assert frame.depth is not None
    step, margin = working_grid_step(frame.shape), CONSTANTS.max_shift_px
    # Detect the discontinuities; those near the border cannot be shifted by all offsets.
    edges = depth_discontinuities(invert_depth(frame.depth[::step, ::step]), gap)
    template = np.ascontiguousarray(edges[margin:-margin, margin:-margin].astype(np.float32))
    if not template.any():
        return _zero_scores()
    # Correlate them with the colour gradient.
    gradient = _color_gradient(frame.color[::step, ::step])
    scores = cv2.matchTemplate(gradient, template, cv2.TM_CCORR)
    return np.asarray(scores / template.sum(), np.float32)


def _color_gradient(color: NDArray[np.uint8]) -> Floats:
    """Compute the gradient magnitude (H, W) of the steepest channel, clipped to 0..1."""
    smoothed = cv2.GaussianBlur(color, (0, 0), CONSTANTS.color_sigma_px)
    dx, dy = cv2.Sobel(smoothed, cv2.CV_32F, 1, 0), cv2.Sobel(smoothed, cv2.CV_32F, 0, 1)
    magnitude = cv2.magnitude(dx, dy).max(axis=2)
    # Normalize by a high percentile, estimated on a quarter of the pixels.
    scale = max(float(np.percentile(magnitude[::2, ::2], CONSTANTS.edge_percentile)), 1e-3)
    return np.asarray(np.minimum(magnitude / np.float32(scale), 1), np.float32)


def _best_offset(scores: Floats) -> Offset:
    """Return the best offset down and right [px of the working grid], or (0, 0) if unreliable."""
    center = CONSTANTS.max_shift_px
    v, u = np.unravel_index(int(scores.argmax()), scores.shape)
    down, right = int(v) - center, int(u) - center
    # Require a gain over the unshifted depth, and a distinct maximum.
    min_score = max(
        CONSTANTS.min_gain * scores[center, center],
        CONSTANTS.min_peak_ratio * float(np.median(scores)),
    )
    is_reliable = scores[v, u] > min_score and np.hypot(down, right) >= CONSTANTS.min_shift_px
    return (down, right) if is_reliable else (0, 0)


def _shift_depth(frame: RGBDFrame, down: int, right: int) -> RGBDFrame:
    """Shift depth by whole image pixels; uncovered pixels have no depth."""
    assert frame.depth is not None
    height, width = frame.shape
    depth = np.full_like(frame.depth, np.nan)
    depth[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = (
        frame.depth[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    )
    return replace(frame, depth=depth)
