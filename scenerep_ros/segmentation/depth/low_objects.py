"""Low objects: compact parts of a support surface that rise above it and have another color.

The tolerance of a plane is several times the noise of the depth camera, because the camera bends
planes. A bend is smooth, so it is estimated from the plane itself and subtracted; what then rises
above the surface by more than noise is a low or a distant object.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.ops.robust_deviation import robust_deviation
from scenerep_ros.segmentation.depth.missing_depth_objects import (
    SurfaceObjectLimits,
    find_surface_objects,
)

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

MIN_WEIGHT = 1e-3  # constant: numerical stability
"""Smallest share of a plane in the neighborhood of a pixel from which its bend is known."""


@dataclass(frozen=True)
class LowObjectConstants:
    """Tuned constants of low objects."""

    bend_sigma_px: float = tuned(
        20.0,
        "standard deviation of the Gaussian that separates the bend of a plane from objects on it",
        unit="px",
        grid="working grid, 320 columns",
        set_on="argument: an object of 10 cm at 1 m is 26 px wide",
    )
    bend_step_px: int = tuned(
        4,
        "distance between the pixels on which the bend is estimated",
        unit="px",
        grid="working grid, 320 columns",
        set_on="speed: the bend is smooth",
    )
    min_deviations: float = tuned(
        3.0,
        "height above a plane from which a pixel is raised, in standard deviations of the plane's "
        "smoothed depth",
        set_on="argument: one pixel in 700 of a plane exceeds it by chance",
    )
    min_raw_ratio: float = tuned(
        0.5,
        "ratio of that height which the unsmoothed depth must reach, so that borders are not blurred",
        set_on="argument: halfway up a step",
    )
    min_solidity: float = tuned(
        0.75,
        "ratio of the area of a low object to that of its convex hull",
        set_on="rendered boxes of one seed: the first value that was tried",
    )
    min_color_contrast: float = tuned(
        10.0,
        "distance in CIELAB between the mean colors of a low object and the surface around it",
        set_on="rendered boxes of one seed: the first value that was tried",
    )


CONSTANTS = LowObjectConstants()


def detect_low_objects(
    raised: Mask, surface: Mask, color: NDArray[np.uint8], min_area: float
) -> Labels:
    """Detect the compact regions of raised pixels that have another color than the surface.

    Args:
        raised: (H, W) bool, result of `find_raised_pixels` without the pixels of other objects.
        surface: (H, W) bool, background.
        color: (H, W, 3) uint8 RGB.
        min_area: area of the smallest object, as a ratio of the image.

    Returns:
        (H, W) int32, 1..K for the objects, 0 elsewhere.
    """
    limits = SurfaceObjectLimits(min_area, CONSTANTS.min_solidity, CONSTANTS.min_color_contrast)
    return find_surface_objects(raised, surface & ~raised, color, limits)


def find_raised_pixels(residual: Floats, smoothed_residual: Floats, on_plane: Mask) -> Mask:
    """Find the pixels that rise above a plane by more than the noise of its depth.

    Args:
        residual: (H, W) float32, distance of each pixel in front of the plane [1/m]; NaN without
            depth.
        smoothed_residual: (H, W) float32, the same of smoothed depth.
        on_plane: (H, W) bool, pixels of the plane.

    Returns:
        (H, W) bool.
    """
    bend = _estimate_bend(smoothed_residual, on_plane)
    deviation = robust_deviation((smoothed_residual - bend)[on_plane])
    # Estimate the bend again, without what rises above it.
    threshold = np.float32(CONSTANTS.min_deviations * deviation)
    is_flat = on_plane & (np.abs(smoothed_residual - bend) < threshold)
    bend = _estimate_bend(smoothed_residual, is_flat)
    threshold = np.float32(
        CONSTANTS.min_deviations * robust_deviation((smoothed_residual - bend)[on_plane])
    )
    is_raised = smoothed_residual - bend > threshold
    return is_raised & (residual - bend > CONSTANTS.min_raw_ratio * threshold)


def _estimate_bend(residual: Floats, on_plane: Mask) -> Floats:
    """Smooth the residual (H, W) of the pixels of a plane; far from all of them the bend is 0."""
    step, sigma = CONSTANTS.bend_step_px, CONSTANTS.bend_sigma_px / CONSTANTS.bend_step_px
    mask = on_plane[::step, ::step]
    values = np.where(mask, residual[::step, ::step], np.float32(0))
    # Normalized convolution: divide the smoothed values by the smoothed mask.
    total = cv2.GaussianBlur(values, (0, 0), sigma)
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    bend = np.where(weight > MIN_WEIGHT, total / np.maximum(weight, MIN_WEIGHT), np.float32(0))
    size = (residual.shape[1], residual.shape[0])
    return np.asarray(cv2.resize(bend, size, interpolation=cv2.INTER_LINEAR), np.float32)
