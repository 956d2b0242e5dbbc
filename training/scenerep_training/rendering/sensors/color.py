"""Simulation of the colour image of a webcam: lens blur, vignetting, noise, tone curve."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

EXPOSURE_GAIN = 1.05
"""Factor from radiance to the signal of the sensor, which saturates at 1."""
BLUR_SIGMA_PX = 0.55
"""Standard deviation of the Gaussian point-spread function [px]."""
SHOT_NOISE_VARIANCE, READ_NOISE_VARIANCE = 4e-5, 1e-6
"""Variance of the shot noise per unit of signal, and of the signal-independent read noise."""


def _vignetting(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the relative illumination (H, W) of the image plane, 1 at its center."""
    rows, columns = (np.linspace(-1, 1, size) for size in shape)
    return 1 - 0.12 * np.add.outer(rows**2, columns**2) / 2


def _apply_srgb_curve(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """Apply the sRGB transfer function (IEC 61966-2-1) to linear values in [0, 1]."""
    return np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def simulate_webcam_image(
    radiance: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Simulate the image that a webcam records.

    Args:
        radiance: (H, W, 3) linear RGB.
        rng: generator of the sensor noise.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    light = cv2.GaussianBlur(EXPOSURE_GAIN * radiance, (0, 0), BLUR_SIGMA_PX)
    light = light * _vignetting(light.shape[:2])[..., None]
    light += np.sqrt(SHOT_NOISE_VARIANCE * light + READ_NOISE_VARIANCE) * rng.standard_normal(
        light.shape
    )
    return np.rint(255 * _apply_srgb_curve(light.clip(0, 1))).astype(np.uint8)
