"""Dense optical flow between consecutive frames, estimated without depth or pose.

Dense inverse search (Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016)
runs on the tracking grid, a reduced image of fixed area. It starts from the global shift that phase
correlation estimates, because on its own it fails when the camera turns fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth
from scenerep_ros.preprocessing.exposure import is_black
from scenerep_ros.tracking.flow_checks import CONSTANTS as CHECK_CONSTANTS
from scenerep_ros.tracking.flow_checks import check_flow
from scenerep_ros.tracking.flow_sampling import sample_along_flow

_GRAY_LEVELS = 256  # constant: 8 bits


@dataclass(frozen=True)
class OpticalFlowConstants:
    """Tuned constants of optical flow."""

    grid_area: int = tuned(
        160 * 120, "number of pixels of the tracking grid", unit="px", set_on="not recorded"
    )
    min_side_px: int = tuned(
        16,
        "shortest side of an image on which dense inverse search runs",
        unit="px",
        grid="tracking grid",
        set_on="limit of OpenCV's DISOpticalFlow",
    )
    white_depth_m: float = tuned(
        0.4, "depth that is white in the image of inverse depth", unit="m", set_on="not recorded"
    )
    max_exposure_change: float = tuned(
        0.15,
        "relative change of the mean gray level above which histograms are matched",
        set_on="27 pairs of TUM fr1_rpy, docs/experiments/degraded_input.md",
    )
    inversion_iterations: int = tuned(
        3, "number of fixed-point iterations that invert a flow field", set_on="not recorded"
    )


CONSTANTS = OpticalFlowConstants()


def tracking_grid_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width of an image's tracking grid, which keeps the aspect and has a fixed area.

    >>> tracking_grid_shape((480, 640))
    (120, 160)
    """
    scale = (CONSTANTS.grid_area / (shape[0] * shape[1])) ** 0.5
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def tracking_image(frame: RGBDFrame) -> NDArray[np.uint8]:
    """Reduce a frame to the gray image on which its motion is estimated.

    It shows color, or inverse depth if color is black.

    Returns:
        (h, w) uint8 on the tracking grid.
    """
    height, width = tracking_grid_shape(frame.shape)
    gray = _gray_image(frame)
    return np.asarray(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _gray_image(frame: RGBDFrame) -> NDArray[np.uint8]:
    """Gray levels (H, W) of color, or of inverse depth if color is black."""
    if frame.depth is None or not is_black(frame):
        return np.asarray(cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY), np.uint8)
    brightness = np.nan_to_num(invert_depth(frame.depth)) * np.float32(CONSTANTS.white_depth_m)
    return (255 * brightness.clip(0, 1)).astype(np.uint8)


def propagate_points(points: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move points along the flow. Points outside the image move with the nearest border pixel.

    Args:
        points: (N, 2) float32, u and v in the previous tracking grid [px].
        flow: (h, w, 2) float32, displacement of each pixel of the previous tracking grid [px].

    Returns:
        (N, 2) float32, u and v in the current tracking grid [px], possibly outside of it.
    """
    height, width = flow.shape[:2]
    u, v = np.rint(points).astype(np.intp).T
    pixels = v.clip(0, height - 1) * width + u.clip(0, width - 1)
    return points + flow.reshape(-1, 2).take(pixels, axis=0)


@dataclass(frozen=True)
class FlowEstimate:
    """Optical flow from a previous image to the current one, on their tracking grids.

    Attributes:
        measured: (h, w, 2) float32, displacement in u and v of each pixel of the previous grid [px].
        is_reliable: see `FlowCheck`; a scene that hardly moves as a whole is not reliable.
        detail_correlation: see `FlowCheck`, -1..1.
        previous: (h, w) uint8, gray levels of the previous image.
        current: (h, w) uint8, gray levels of the current image at the exposure of the previous one.
    """

    measured: NDArray[np.float32]
    is_reliable: bool
    detail_correlation: float
    previous: NDArray[np.uint8]
    current: NDArray[np.uint8]

    @property
    def is_continuous(self) -> bool:
        """True if the current image continues the previous one; false across a cut."""
        return self.detail_correlation >= CHECK_CONSTANTS.min_continuation

    @property
    def is_steady(self) -> bool:
        """True if the current image shows little but what the previous one shows."""
        return self.detail_correlation >= CHECK_CONSTANTS.min_steadiness

    @property
    def forward(self) -> NDArray[np.float32]:
        """Measured flow (h, w, 2) if it is reliable, else zero."""
        return self.measured if self.is_reliable else np.zeros_like(self.measured)

    @property
    def backward(self) -> NDArray[np.float32]:
        """Flow (h, w, 2) from each pixel of the current grid to the previous one, as `forward`."""
        return self.measured_backward if self.is_reliable else np.zeros_like(self.measured)

    @cached_property
    def measured_backward(self) -> NDArray[np.float32]:
        """Inverse (h, w, 2) of the measured flow."""
        return invert_flow(self.measured)


class FlowEstimator:
    """Optical flow between two images by dense inverse search."""

    def __init__(self) -> None:
        self._inverse_search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._inverse_search.setVariationalRefinementIterations(0)

    def estimate(
        self, previous: NDArray[np.uint8] | None, current: NDArray[np.uint8]
    ) -> FlowEstimate | None:
        """Estimate the flow from the previous image to the current one.

        Args:
            previous: (h, w) uint8 gray image on its tracking grid; None if there is none.
            current: (h, w) uint8 gray image on its tracking grid.

        Returns:
            The flow; None without a previous image of the same aspect.
        """
        if previous is None or previous.shape != current.shape:
            return None
        zero_flow = np.zeros((*previous.shape, 2), np.float32)
        if min(previous.shape) < CONSTANTS.min_side_px:
            return FlowEstimate(zero_flow, False, 1.0, previous, current)
        current = _match_exposure(current, previous)
        # Initialize with the global shift, then refine by dense inverse search.
        initial_flow = zero_flow + _global_shift(previous, current)
        flow = np.asarray(self._inverse_search.calc(previous, current, initial_flow), np.float32)
        return FlowEstimate(flow, *check_flow(flow, previous, current), previous, current)


def invert_flow(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Invert a smooth displacement field by fixed-point iteration (Chen et al., Med. Phys. 2008).

    Args:
        flow: (h, w, 2) float32, from the previous grid to the current one [px].

    Returns:
        (h, w, 2) float32, from the current grid to the previous one [px].
    """
    backward = -flow
    for _ in range(CONSTANTS.inversion_iterations):
        backward = -sample_along_flow(flow, backward)
    return backward


def _match_exposure(current: NDArray[np.uint8], previous: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Match the current image's histogram to the previous one's where the exposure changed."""
    previous_mean = float(previous.mean())
    change = abs(float(current.mean()) - previous_mean)
    if change <= CONSTANTS.max_exposure_change * previous_mean:
        return current
    current_cdf, previous_cdf = (
        np.bincount(image.ravel(), minlength=_GRAY_LEVELS).cumsum() for image in (current, previous)
    )
    levels = np.interp(current_cdf, previous_cdf, np.arange(_GRAY_LEVELS))
    return np.rint(levels).astype(np.uint8)[current]


def _global_shift(previous: NDArray[np.uint8], current: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Shift in u and v (2,) by phase correlation [px]; 0 where it is not finite."""
    window = _hanning_window(previous.shape)
    shift, _ = cv2.phaseCorrelate(previous.astype(np.float32), current.astype(np.float32), window)
    return np.nan_to_num(np.array(shift, np.float32), posinf=0.0, neginf=0.0)


@lru_cache(maxsize=4)
def _hanning_window(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Weights (h, w) that fall to 0 at the border of an image."""
    window = np.asarray(cv2.createHanningWindow(shape[::-1], cv2.CV_32F), np.float32)
    window.flags.writeable = False
    return window
