"""Checks of optical flow: does it explain the change between two images?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.tracking.flow_sampling import flow_ends, sample_along_flow

Floats = NDArray[np.float32]
GrayImage = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FlowCheckConstants:
    """Tuned constants of the checks of optical flow."""

    max_residual_ratio: float = tuned(
        0.6,
        "residual of reliable flow, relative to the difference of the images without warping",
        set_on="not recorded; rejects flow across a cut, in noise and in the dark",
    )
    min_continuation: float = tuned(
        0.5,
        "correlation of details below which an image does not continue the previous one",
        set_on="150 pairs of NYUv2: 98 % below 0.39, largest 0.52; ECSSD: at most 0.31; within "
        "DAVIS-2016, TUM fr1_rpy and 7-Scenes: at least 0.61",
    )
    min_steadiness: float = tuned(
        0.8,
        "correlation of details below which labels of the previous image are not kept",
        set_on="mOSD learn split as a video: 78 % of the pairs are below, at most two in a row are "
        "not; TUM fr1_rpy and 7-Scenes, also every third frame: at least 0.87",
    )
    detail_sigma_px: float = tuned(
        4.0,
        "standard deviation of the Gaussian below which an image has details",
        unit="px",
        grid="tracking grid",
        set_on="not recorded",
    )
    max_detail: float = tuned(
        20.0,
        "difference from the smoothed gray level at which details are clipped",
        set_on="NYUv2, whose images have a white rim: without a limit, 0.59 between two rooms",
    )
    noise_deviation: float = tuned(
        2.0,
        "standard deviation of details that an image without texture has",
        set_on="argument: above the noise of a camera, averaged over 16 pixels",
    )


CONSTANTS = FlowCheckConstants()


class FlowCheck(NamedTuple):
    """Agreement of two gray images along a flow.

    Attributes:
        is_reliable: True if warping by the flow reduces the difference of the images. It does not
            across a cut, in noise or in the dark.
        detail_correlation: normalized cross-correlation of clipped details, -1..1; 1 for two images
            without details, 0 for a flow out of the image. Across a cut, flow aligns patches of
            similar brightness, but not their details.
    """

    is_reliable: bool
    detail_correlation: float


def check_flow(flow: Floats, previous: GrayImage, current: GrayImage) -> FlowCheck:
    """Compare two gray images along a flow.

    Args:
        flow: (h, w, 2) float32, from previous to current [px].
        previous: (h, w) uint8.
        current: (h, w) uint8.
    """
    warped, is_inside = _warp_back(flow, current)
    if not is_inside.any():
        return FlowCheck(False, 0.0)
    # Compare the residual with the difference that remains without warping, by their standard
    # deviation, which ignores a change of brightness by the automatic exposure.
    residual = cv2.subtract(warped, previous, dtype=cv2.CV_32F)[is_inside].std()
    difference = cv2.subtract(current, previous, dtype=cv2.CV_32F).std()
    is_reliable = bool(residual < CONSTANTS.max_residual_ratio * difference)
    return FlowCheck(is_reliable, _correlate_details(previous, warped, is_inside))


def _correlate_details(previous: GrayImage, warped: GrayImage, is_inside: Mask) -> float:
    """Correlate the details of two images (h, w) at the pixels of a mask."""
    first, second = (_details(image)[is_inside] for image in (previous, warped))
    deviations = float(first.std()), float(second.std())
    if max(deviations) < CONSTANTS.noise_deviation:
        return 1.0
    covariance = float(np.mean((first - first.mean()) * (second - second.mean())))
    lower, upper = (max(value, CONSTANTS.noise_deviation) for value in deviations)
    return covariance / (lower * upper)


def _warp_back(flow: Floats, current: GrayImage) -> tuple[GrayImage, Mask]:
    """Warp the current image (h, w) to the previous one, and mark pixels that remain inside."""
    height, width = current.shape
    u, v = flow_ends(flow)
    is_inside = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
    return sample_along_flow(current, flow), is_inside


def _details(image: GrayImage) -> Floats:
    """High-pass filter (h, w) float32 of a gray image, clipped so that no single edge dominates."""
    floats = image.astype(np.float32)
    details = floats - cv2.GaussianBlur(floats, (0, 0), CONSTANTS.detail_sigma_px)
    return details.clip(-CONSTANTS.max_detail, CONSTANTS.max_detail)
