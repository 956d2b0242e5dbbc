"""Colour as a small webcam-grade sensor would record it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

EXPOSURE = 1.05
BLUR = 0.55
"""Standard deviation of the lens's point spread, pixels."""
SHOT, READ = 4e-5, 1e-6
"""Noise variance a unit of light, and in the dark; light 1 saturates."""


def _vignette(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Light fall-off towards the corners, 1 in the middle."""
    rows, columns = (np.linspace(-1, 1, size) for size in shape)
    return 1 - 0.12 * np.add.outer(rows**2, columns**2) / 2


def _srgb(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """Standard tone curve (IEC 61966-2-1), 0 to 1."""
    return np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def expose(radiance: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn radiance (H, W, 3), linear RGB, into an image (H, W, 3) uint8, RGB."""
    light = cv2.GaussianBlur(EXPOSURE * radiance, (0, 0), BLUR)
    light = light * _vignette(light.shape[:2])[..., None]
    light += np.sqrt(SHOT * light + READ) * rng.standard_normal(light.shape)
    return np.rint(255 * _srgb(light.clip(0, 1))).astype(np.uint8)
