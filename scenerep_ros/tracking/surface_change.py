"""Pixels at which a frame shows another surface than the last one, by color and by depth.

Both are compared along the flow, with a tolerance for its errors. The comparison needs no poses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.ops.robust_deviation import median
from scenerep_ros.tracking.flow_sampling import sample_along_flow
from scenerep_ros.tracking.optical_flow import FlowEstimate
from scenerep_ros.tracking.warping import BackwardWarp, GridFrame

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MEDIAN_STEP = 2  # constant: speed only, a quarter of the pixels has the same median
"""Rows and columns between the pixels of which a median is taken."""


@dataclass(frozen=True)
class SurfaceChangeConstants:
    """Tuned constants of the detection of changed surfaces."""

    max_gray_difference: float = tuned(
        12.0,
        "gray levels beyond those nearby from which a pixel shows another surface",
        set_on="TUM fr1_rpy: 12 and 20 give equal swaps and flicker",
    )
    max_depth_difference: float = tuned(
        0.02,
        "inverse depth beyond that nearby from which a pixel shows another surface",
        unit="1/m",
        set_on="mOSD learn split, images 0-21",
    )
    gray_tolerance_px: int = tuned(
        1,
        "distance within which gray levels are looked up",
        unit="px",
        grid="tracking grid",
        set_on="accuracy of the flow",
    )
    depth_tolerance_px: int = tuned(
        2,
        "distance within which depth is looked up",
        unit="px",
        grid="working grid, 320 columns",
        set_on="accuracy of the flow",
    )
    max_delay_frames: float = tuned(
        0.5,
        "delay between color and depth, in frame periods",
        set_on="argument: of two unsynchronized cameras, each depth image has a color image within "
        "half a period",
    )


CONSTANTS = SurfaceChangeConstants()


def find_changed_surface(
    flow: FlowEstimate, warp: BackwardWarp, previous: GridFrame, current: GridFrame
) -> Mask:
    """Find the pixels of a frame that show another surface than the previous frame.

    Args:
        flow: from the previous frame to the current one.
        warp: result of `warp_by_flow` for the measured backward flow.
        previous: frame of the same shape.
        current: frame whose pixels are compared.

    Returns:
        (h, w) bool on the working grid.
    """
    is_changed = _resize_mask(_find_changed_color(flow), (warp.u.shape[0], warp.u.shape[1]))
    if previous.inverse_depth is not None and current.inverse_depth is not None:
        is_changed |= _find_changed_depth(previous.inverse_depth, current.inverse_depth, warp)
    return is_changed


def _find_changed_color(flow: FlowEstimate) -> Mask:
    """Pixels (h, w) of the tracking grid whose gray level is not near the expected position."""
    expected = sample_along_flow(flow.previous, flow.measured_backward)
    kernel = _square(CONSTANTS.gray_tolerance_px)
    excess = cv2.max(
        cv2.subtract(expected, cv2.dilate(flow.current, kernel)),
        cv2.subtract(cv2.erode(flow.current, kernel), expected),
    )
    return np.asarray(excess > CONSTANTS.max_gray_difference, np.bool_)


def _find_changed_depth(before: Floats, now: Floats, warp: BackwardWarp) -> Mask:
    """Pixels (h, w) of the working grid whose inverse depth is not near the expected position.

    A motion along the optical axis changes all depth, so the median change is removed.
    """
    expected = np.asarray(
        cv2.remap(before, warp.u, warp.v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    )
    is_known = (expected > 0) & (now > 0)
    if not is_known.any():
        return is_known
    expected = expected + _median_of_sample(now - expected, is_known)
    # Look up depth within its delay to color, too.
    right = warp.u - np.arange(now.shape[1], dtype=np.float32)
    down = warp.v - np.arange(now.shape[0], dtype=np.float32)[:, None]
    speeds = np.asarray(cv2.magnitude(right, down), np.float32)
    speed = float(_median_of_sample(speeds, np.ones_like(is_known)))
    delay_px = math.ceil(CONSTANTS.max_delay_frames * speed)
    kernel = _square(CONSTANTS.depth_tolerance_px + delay_px)
    nearest = cv2.dilate(now, kernel)
    farthest = cv2.erode(np.where(now > 0, now, np.float32(np.inf)), kernel)
    excess = np.maximum(expected - nearest, farthest - expected)
    return np.asarray(is_known & (excess > CONSTANTS.max_depth_difference), np.bool_)


def _median_of_sample(values: Floats, mask: Mask) -> np.float32:
    """Median of every second value (h, w) of a mask, both ways; of all of them if there is none."""
    sample = np.s_[::MEDIAN_STEP, ::MEDIAN_STEP]
    sampled = values[sample][mask[sample]]
    return np.float32(median(sampled if sampled.size else values[mask]))


def _square(radius: int) -> NDArray[np.uint8]:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _resize_mask(mask: Mask, shape: tuple[int, int]) -> Mask:
    resized = cv2.resize(mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.bool_)
