"""Dense optical flow between consecutive frames, estimated without depth or pose.

Dense inverse search (Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016)
runs on the tracking grid, a reduced image of fixed area. It starts from the global shift that phase
correlation estimates, because on its own it fails when the camera turns fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth
from scenerep_ros.preprocessing.exposure import is_black

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
    max_residual_ratio: float = tuned(
        0.6,
        "residual of reliable flow, relative to the difference of the images without warping",
        set_on="not recorded; rejects flow across a cut, in noise and in the dark",
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
    """Select the image for motion estimation: color, or inverse depth if color is black.

    Returns:
        (H, W, 3) uint8.
    """
    if frame.depth is None or not is_black(frame):
        return frame.color
    brightness = np.nan_to_num(invert_depth(frame.depth)) * np.float32(CONSTANTS.white_depth_m)
    return np.repeat((255 * brightness.clip(0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def propagate_points(points: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move points along the flow. Points outside the image move with the nearest border pixel.

    Args:
        points: (N, 2) float32, u and v in the previous tracking grid [px].
        flow: (h, w, 2) float32, as `FlowEstimator.update` returns it.

    Returns:
        (N, 2) float32, u and v in the current tracking grid [px], possibly outside of it.
    """
    height, width = flow.shape[:2]
    u, v = np.rint(points).astype(np.intp).T
    return points + flow[v.clip(0, height - 1), u.clip(0, width - 1)]


class FlowEstimator:
    """Optical flow between each image and the one before it.

    Attributes:
        unchecked: (h, w, 2) float32, the last flow before the check of its reliability, which a
            scene that hardly moves as a whole does not pass; None where `update` returned None.
    """

    unchecked: NDArray[np.float32] | None

    def __init__(self) -> None:
        self.unchecked = None
        self._previous: NDArray[np.uint8] | None = None
        self._inverse_search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._inverse_search.setVariationalRefinementIterations(0)

    def update(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Estimate the flow from the previous image to this one, and store this one.

        Args:
            image: (H, W, 3) uint8, RGB.

        Returns:
            (h, w, 2) float32, displacement in u and v of each pixel of the previous tracking grid
            [px of the grid]; zero if the estimate is unreliable. None for the first image and after
            a change of the aspect.
        """
        height, width = tracking_grid_shape((image.shape[0], image.shape[1]))
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        current = np.asarray(
            cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        previous, self._previous = self._previous, current
        self.unchecked = None
        if previous is None or previous.shape != current.shape:
            return None
        return self._estimate(previous, _match_exposure(current, previous))

    def _estimate(
        self, previous: NDArray[np.uint8], current: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        zero_flow = np.zeros((*previous.shape, 2), np.float32)
        if min(previous.shape) < CONSTANTS.min_side_px:
            self.unchecked = zero_flow
            return zero_flow
        # Initialize with the global shift, then refine by dense inverse search.
        initial_flow = zero_flow + _global_shift(previous, current)
        flow = np.asarray(self._inverse_search.calc(previous, current, initial_flow), np.float32)
        self.unchecked = flow
        return flow if is_flow_reliable(flow, previous, current) else zero_flow


def is_flow_reliable(
    flow: NDArray[np.float32], previous: NDArray[np.uint8], current: NDArray[np.uint8]
) -> bool:
    """Check that warping by the flow reduces the difference of two gray images.

    It does not across a cut, in noise or in the dark. Differences are compared by their standard
    deviation, which ignores a change of brightness by the automatic exposure.

    Args:
        flow: (h, w, 2) float32, from previous to current [px].
        previous: (h, w) uint8.
        current: (h, w) uint8.
    """
    height, width = previous.shape
    # Warp the current image back to the previous one.
    u = flow[..., 0] + np.arange(width, dtype=np.float32)
    v = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    is_inside = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
    if not is_inside.any():
        return False
    warped = cv2.remap(current, u, v, cv2.INTER_LINEAR)
    # Compare the residual with the difference that remains without warping.
    residual = cv2.subtract(warped, previous, dtype=cv2.CV_32F)[is_inside].std()
    difference = cv2.subtract(current, previous, dtype=cv2.CV_32F).std()
    return bool(residual < CONSTANTS.max_residual_ratio * difference)


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
    window = cv2.createHanningWindow(previous.shape[::-1], cv2.CV_32F)
    shift, _ = cv2.phaseCorrelate(previous.astype(np.float32), current.astype(np.float32), window)
    return np.nan_to_num(np.array(shift, np.float32), posinf=0.0, neginf=0.0)
