"""Exposure normalization of dark frames, and detection of blank ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame

_MAX_LINEAR_VALUE, _MAX_LINEAR_LIGHT = 0.04045, 0.0031308  # constant: IEC 61966-2-1
"""Limits of the linear segment of the sRGB curve, in encoded values and in linear light."""
_LEVELS = 256  # constant: 8 bits


@dataclass(frozen=True)
class ExposureConstants:
    """Tuned constants of exposure normalization.

    The white level of a frame is a high percentile of its grey levels.
    """

    sampling_step_px: int = tuned(
        8,
        "rows and columns between the pixels that the white level is estimated on",
        unit="px",
        grid="image",
        set_on="not recorded",
    )
    white_percentile: float = tuned(
        99,
        "percentile of the grey levels that is the white level",
        set_on="argument: a lamp in the image covers less than the remaining pixels",
    )
    max_dark_level: float = tuned(
        128,
        "white level below which a frame is brightened",
        set_on="mOSD, ECSSD, DAVIS-2016, TUM fr1_rpy, 7-Scenes: the darkest image has 152",
    )
    target_level: float = tuned(
        200, "white level of a frame after it was brightened", set_on="not recorded"
    )
    noise_level: float = tuned(
        8, "white level below which a frame has noise only", set_on="not recorded"
    )
    noise_gain_per_px: float = tuned(
        3,
        "amplification of the noise that a Gaussian with a standard deviation of 1 px compensates",
        unit="1/px",
        grid="image",
        set_on="not recorded",
    )


CONSTANTS = ExposureConstants()


def normalize_exposure(frame: RGBDFrame) -> RGBDFrame:
    """Brighten a dark frame in linear light and smooth the noise that this amplifies.

    Shot noise grows with the square root of the gain, and so does the radius of the smoothing.

    Returns:
        The frame itself if it is bright enough or has noise only, or else a copy with other colour.
    """
    white = _white_level(frame)
    if not CONSTANTS.noise_level <= white < CONSTANTS.max_dark_level:
        return frame
    gain = float(srgb_to_linear(CONSTANTS.target_level) / srgb_to_linear(white))
    # Apply the gain through a lookup table of the 256 levels, then smooth.
    table = linear_to_srgb(gain * srgb_to_linear(np.arange(_LEVELS)))
    sigma = gain**0.5 / CONSTANTS.noise_gain_per_px
    smoothed = cv2.GaussianBlur(cv2.LUT(frame.color, table), (0, 0), sigma)
    return replace(frame, color=np.asarray(smoothed, np.uint8))


def is_blank(frame: RGBDFrame) -> bool:
    """Return True for a frame that is black and has no depth, such as that of a covered lens."""
    if frame.depth is None:
        return is_black(frame)
    # A sample of the pixels decides for nearly all frames.
    step = CONSTANTS.sampling_step_px
    for depth in (frame.depth[::step, ::step], frame.depth):
        if bool(((depth > 0) & (depth < np.inf)).any()):
            return False
    return is_black(frame)


def is_black(frame: RGBDFrame) -> bool:
    """Return True if the colour image has noise only."""
    return _white_level(frame) < CONSTANTS.noise_level


def _white_level(frame: RGBDFrame) -> float:
    step = CONSTANTS.sampling_step_px
    sample = np.ascontiguousarray(frame.color[::step, ::step])
    gray = cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY)
    # Interpolate the percentile in a histogram, which takes a fifth of the time of a selection.
    counts = cv2.calcHist([gray], [0], None, [_LEVELS], [0, _LEVELS]).cumsum()
    rank = (gray.size - 1) * CONSTANTS.white_percentile / 100
    lower, upper = np.searchsorted(counts, np.floor([rank, rank + 1]), side="right").tolist()
    return float(lower + (rank % 1) * (min(upper, _LEVELS - 1) - lower))


def srgb_to_linear(levels: NDArray[np.generic] | float) -> NDArray[np.float32]:
    """Convert sRGB levels 0..255 to linear light 0..1 (IEC 61966-2-1).

    >>> float(srgb_to_linear(255))
    1.0
    """
    value = np.asarray(levels, np.float32) / np.float32(255)
    power = ((value + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(value <= _MAX_LINEAR_VALUE, value / np.float32(12.92), power)


def linear_to_srgb(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Convert linear light to sRGB levels 0..255 (IEC 61966-2-1), clipped to 0..1."""
    light = light.clip(0, 1)
    power = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    value = np.where(light <= _MAX_LINEAR_LIGHT, np.float32(12.92) * light, power)
    return np.rint(255 * value).astype(np.uint8)
