"""Simulation of the depth image of a structured-light camera such as the first Kinect.

The noise follows Nguyen, Izadi, Lovell, "Modeling Kinect Sensor Noise for Improved 3D
Reconstruction and Tracking", 3DIMPVT 2012; the quantization follows Khoshelham, Elberink, "Accuracy
and Resolution of Kinect Depth Data", Sensors 2012.
Images are (H, W) floats. Depths [m] are along the optical axis; NaN = no measurement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.floating[Any]]
BASELINE_M = 0.075
"""Distance from the infrared camera to the projector on its right (+x) [m]."""
DISPARITY_STEPS_PER_PX = 8
"""Quantization levels of the disparity per pixel [1/px]."""
MIN_DEPTH_M, MAX_DEPTH_M = 0.5, 5.0
"""Measurement range of the sensor [m]."""
DISCONTINUITY_RATIO = 0.02
"""Relative depth difference from which two pixels lie on either side of a depth discontinuity."""
MAX_INCIDENCE_ANGLE = np.radians(82)
"""Angle between normal and ray from which the pattern cannot be decoded [rad]."""
MIN_PATTERN_STRENGTH = 0.035
"""Strength of the returned pattern (see `pattern_strength`) at which half the pixels are decoded."""


def _box_filter(image: Image) -> Image:
    """Apply a 5 x 5 box filter that wraps around at the borders."""
    for axis in (0, 1):
        image = np.mean([np.roll(image, shift, axis) for shift in range(-2, 3)], axis=0)
    return image


def correlated_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Image:
    """Generate Gaussian noise of unit variance that is correlated between neighbours.

    The sensor matches 9 x 9 windows. Three 5 x 5 box filters have about the support of one 9 x 9
    box filter, without its sharp corners.
    """
    noise = _box_filter(_box_filter(_box_filter(rng.standard_normal(shape))))
    return noise / noise.std()


def axial_noise_std(depth: Image, angle: Image) -> Image:
    """Return the standard deviation of depth [m] by depth [m] and incidence angle [rad].

    Equations 2 and 3 of Nguyen et al.
    """
    frontal_std = 0.0012 + 0.0019 * (depth - 0.4) ** 2
    clipped_angle = np.minimum(angle, MAX_INCIDENCE_ANGLE)
    grazing_std = 0.0001 / np.sqrt(depth) * clipped_angle**2 / (np.pi / 2 - clipped_angle) ** 2
    return frontal_std + np.where(angle > np.pi / 3, grazing_std, 0)


def lateral_noise_std(angle: Image) -> Image:
    """Return the standard deviation of edge positions [px] by incidence angle [rad].

    Equation 1 of Nguyen et al.
    """
    clipped_angle = np.minimum(angle, MAX_INCIDENCE_ANGLE)
    return 0.8 + 0.035 * clipped_angle / (np.pi / 2 - clipped_angle)


def displace_edges(depth: Image, angle: Image, rng: np.random.Generator) -> Image:
    """Apply lateral noise at depth discontinuities.

    Each pixel is resampled at a random offset. The sample replaces the pixel only across a depth
    discontinuity or a missing measurement, so that slopes stay smooth.
    """
    height, width = depth.shape
    std = lateral_noise_std(angle)
    row_shift, column_shift = (
        np.rint(std * correlated_noise((height, width), rng)) for _ in range(2)
    )
    rows = (np.arange(height)[:, None] + row_shift).clip(0, height - 1).astype(int)
    columns = (np.arange(width) + column_shift).clip(0, width - 1).astype(int)
    displaced = depth[rows, columns]
    return np.where(np.abs(displaced - depth) < DISCONTINUITY_RATIO * depth, depth, displaced)


def quantize_disparity(depth: Image, focal_length: float) -> Image:
    """Round disparities to the sensor's resolution; the depth step grows with the square of depth."""
    disparity = focal_length * BASELINE_M / depth
    steps = np.rint(disparity * DISPARITY_STEPS_PER_PX)
    return focal_length * BASELINE_M * DISPARITY_STEPS_PER_PX / steps


def projector_shadow(depth: Image, focal_length: float) -> NDArray[np.bool_]:
    """Return the mask (H, W) of the pixels that are occluded from the projector.

    The projector is to the right of the camera, so shadows lie left of nearer surfaces. A pixel is
    lit unless a pixel to its right in the same row projects to its left in the projector's image.
    """
    # Project each pixel into the projector's image.
    columns = np.arange(depth.shape[1])
    projected = columns - focal_length * BASELINE_M / depth
    # Compare with the leftmost projection among the pixels to the right.
    min_projected = np.minimum.accumulate(projected[:, ::-1], axis=1)[:, ::-1]
    return projected > min_projected + 0.5


def pattern_strength(depth: Image, cosine: Image, albedo: Image) -> Image:
    """Return the brightness of the reflected pattern: Lambert's law with inverse-square falloff."""
    return albedo * cosine / depth**2


def simulate_depth(
    depth: Image, cosine: Image, albedo: Image, focal_length: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Simulate the depth image of a scene.

    Args:
        depth: (H, W) true depth [m]; inf = no surface.
        cosine: (H, W) cosine of the angle between the surface normal and the ray, in [0, 1].
        albedo: (H, W) diffuse reflectance in the infrared, in [0, 1].
        focal_length: focal length [px].
        rng: generator of all noise.

    Returns:
        (H, W) float32 depth [m]; NaN = no measurement.
    """
    # Discard pixels without a decodable pattern.
    angle = np.arccos(cosine.clip(0, 1))
    missing = (
        ~np.isfinite(depth) | (angle > MAX_INCIDENCE_ANGLE) | projector_shadow(depth, focal_length)
    )
    pattern_gain = np.exp(0.25 * correlated_noise(angle.shape, rng))
    missing |= (
        _box_filter(pattern_strength(depth, cosine, albedo)) * pattern_gain < MIN_PATTERN_STRENGTH
    )
    # Apply lateral noise, axial noise and disparity quantization.
    displaced = displace_edges(np.where(missing, np.nan, depth), angle, rng)
    noisy = displaced + axial_noise_std(displaced, angle) * correlated_noise(depth.shape, rng)
    measured = quantize_disparity(noisy, focal_length)
    # Discard measurements outside of the sensor's range.
    in_range = (measured >= MIN_DEPTH_M) & (measured <= MAX_DEPTH_M)
    return np.where(in_range, measured, np.nan).astype(np.float32)
