"""Frames that are too dark, brought to the brightness of others; and those that show nothing."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame

SAMPLE = 8
"""Every so manieth pixel, both ways, tells a frame's brightness."""
BRIGHTEST = 99
"""Percentile of the grey levels that counts as a frame's brightest: a lamp is smaller."""
DARK = 128
"""Grey level of the brightest from which a frame is left as it is. The darkest image of mOSD,
ECSSD, DAVIS-2016, TUM fr1_rpy and 7-Scenes has 152."""
AIM = 200
"""Grey level that the brightest of a dark frame becomes."""
LEAST = 8
"""Grey level of the brightest below which there is only noise."""


def well_exposed(frame: RGBDFrame) -> RGBDFrame:
    """Raise a dark frame's exposure, in linear light; a frame that is bright enough stays itself.

    Shot noise rises with the square root of the gain, so that many pixels are averaged.
    """
    brightest = _brightest(frame)
    if not LEAST <= brightest < DARK:
        return frame
    gain = float(to_light(AIM) / to_light(brightest))
    raised = to_levels(gain * to_light(np.arange(256)))
    blurred = cv2.GaussianBlur(cv2.LUT(frame.color, raised), (0, 0), gain**0.5 / 3)
    return replace(frame, color=np.asarray(blurred, np.uint8))


def shows_nothing(frame: RGBDFrame) -> bool:
    """Whether a frame is black and without depth: a covered lens, or no light."""
    if frame.depth is not None and bool(((frame.depth > 0) & (frame.depth < np.inf)).any()):
        return False
    return is_black(frame)


def is_black(frame: RGBDFrame) -> bool:
    """Whether colour shows nothing but noise."""
    return _brightest(frame) < LEAST


def _brightest(frame: RGBDFrame) -> float:
    sample = np.ascontiguousarray(frame.color[::SAMPLE, ::SAMPLE])
    return float(np.percentile(cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY), BRIGHTEST))


def to_light(levels: NDArray[np.generic] | float) -> NDArray[np.float32]:
    """Linear light 0..1, of the same shape, of sRGB levels 0..255 (IEC 61966-2-1)."""
    value = np.asarray(levels, np.float32) / np.float32(255)
    curve = ((value + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(value <= 0.04045, value / np.float32(12.92), curve)


def to_levels(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Levels 0..255 in sRGB, of the same shape, of linear light; what is above 1 is white."""
    light = light.clip(0, 1)
    curve = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.rint(255 * np.where(light <= 0.0031308, np.float32(12.92) * light, curve)).astype(
        np.uint8
    )
