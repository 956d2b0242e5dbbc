"""Degradations of frames: low light, blur, missing or misregistered depth.

Each degradation is a pure function of the frame: the generator of random values is seeded by the
frame's name, and changes over time are a function of the frame's stamp. Color is degraded in linear
light (IEC 61966-2-1), as a camera's exposure acts.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.preprocessing.exposure import linear_to_srgb, srgb_to_linear

Degradation = Callable[[RGBDFrame], RGBDFrame]

FULL_WELL_ELECTRONS = 10_000.0
"""Electrons of a white pixel, as in small sensors; the shot noise of n electrons is sqrt(n)."""
READ_NOISE_ELECTRONS = 5.0
"""Standard deviation of the noise in the dark."""
DRIFT_PERIOD_S = 1.0
"""Period of a drifting exposure."""
LAMP_FREQUENCY_HZ = 100.0
"""Flicker of a lamp on 50 Hz mains."""
READOUT_TIME_S = 0.02
"""Delay between the first and the last row of a rolling shutter: two bands an image."""
FLICKER_DEPTH = 0.6
"""Share of the lamp's light that is missing at the minimum of its flicker."""
BLUR_LENGTH_PX = 15
"""Motion along the row during the exposure."""
HOLE_RATIO = 0.3
"""Share of the image without depth."""
HOLE_SIZE_RATIO = 0.02
"""Size of the holes relative to the image width."""
INVERSE_DEPTH_NOISE = 1.4e-3
"""Standard deviation of a Kinect's inverse depth [1/m]: 1.4 mm at 1 m, growing with the square of
the distance (Khoshelham and Elberink, "Accuracy and Resolution of Kinect Depth Data", 2012)."""
MIN_INVERSE_DEPTH = 1e-3
"""Lower bound of noisy inverse depth [1/m]: the far end of the range stays a measurement."""
OUTAGE_PERIOD_S, OUTAGE_DURATION_S = 0.5, 0.1
STAMP_PERIOD_NS = 60_000_000_000
"""Stamps are reduced modulo a minute, a multiple of all periods, for the precision of float."""


def dim(frame: RGBDFrame) -> RGBDFrame:
    """Reduce the light to 25 %."""
    return _expose(frame, 0.25)


def dark(frame: RGBDFrame) -> RGBDFrame:
    """Reduce the light to 6 %: white is 71 of 255."""
    return _expose(frame, 0.06)


def night(frame: RGBDFrame) -> RGBDFrame:
    """Reduce the light to 1 %: white is 25 of 255, and middle gray 7."""
    return _expose(frame, 0.01)


def black(frame: RGBDFrame) -> RGBDFrame:
    """Remove all light, as a covered lens does."""
    return replace(frame, color=np.zeros_like(frame.color))


def drift(frame: RGBDFrame) -> RGBDFrame:
    """Vary the exposure between full and an eighth, with a period of a second."""
    phase = _stamp_seconds(frame) / DRIFT_PERIOD_S
    return _expose(frame, float(8 ** ((np.cos(2 * np.pi * phase) - 1) / 2)))


def jumps(frame: RGBDFrame) -> RGBDFrame:
    """Reduce the exposure to a sixth for a tenth of a second, twice a second."""
    return _expose(frame, 0.17) if _is_in_outage(frame) else frame


def bands(frame: RGBDFrame) -> RGBDFrame:
    """Add moving dark bands: a rolling shutter under a lamp on the mains."""
    row_delays = np.arange(frame.shape[0], dtype=np.float32) / frame.shape[0] * READOUT_TIME_S
    flicker = np.cos(2 * np.pi * LAMP_FREQUENCY_HZ * (row_delays + _stamp_seconds(frame)))
    return _expose(frame, (1 - FLICKER_DEPTH * (1 + flicker) / 2)[:, None, None])


def blur(frame: RGBDFrame) -> RGBDFrame:
    """Add motion blur along the row, 15 pixels long."""
    kernel = np.full((1, BLUR_LENGTH_PX), 1 / BLUR_LENGTH_PX, np.float32)
    light = cv2.filter2D(srgb_to_linear(frame.color), -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return replace(frame, color=linear_to_srgb(np.asarray(light, np.float32)))


def outages(frame: RGBDFrame) -> RGBDFrame:
    """Remove color and depth for a tenth of a second, twice a second."""
    if not _is_in_outage(frame):
        return frame
    depth = None if frame.depth is None else np.full_like(frame.depth, np.nan)
    return replace(black(frame), depth=depth)


def no_depth(frame: RGBDFrame) -> RGBDFrame:
    """Remove depth."""
    return replace(frame, depth=None)


def no_poses(frame: RGBDFrame) -> RGBDFrame:
    """Remove the camera pose, which the robot's node does not have either."""
    return replace(frame, pose=None)


def holes(frame: RGBDFrame) -> RGBDFrame:
    """Remove depth in blobs that cover 30 % of the image."""
    if frame.depth is None:
        return frame
    noise = _generator(frame).standard_normal(frame.shape, np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), max(HOLE_SIZE_RATIO * frame.shape[1], 1.0))
    is_hole = smooth < np.quantile(smooth, HOLE_RATIO)
    return _with_depth(frame, np.where(is_hole, np.nan, frame.depth))


def near_only(frame: RGBDFrame) -> RGBDFrame:
    """Remove the farther half of the depth."""
    if frame.depth is None:
        return frame
    return _with_depth(frame, np.where(frame.depth > _median_depth(frame), np.nan, frame.depth))


def far_only(frame: RGBDFrame) -> RGBDFrame:
    """Remove the nearer half of the depth."""
    if frame.depth is None:
        return frame
    return _with_depth(frame, np.where(frame.depth < _median_depth(frame), np.nan, frame.depth))


def shifted_5(frame: RGBDFrame) -> RGBDFrame:
    """Shift depth by 5 pixels to the right of color."""
    return _shift_depth(frame, 5)


def shifted_10(frame: RGBDFrame) -> RGBDFrame:
    """Shift depth by 10 pixels to the right of color."""
    return _shift_depth(frame, 10)


def noisy_depth(frame: RGBDFrame) -> RGBDFrame:
    """Double the depth noise of a Kinect: the added noise has three times its variance."""
    if frame.depth is None:
        return frame
    noise = _generator(frame).standard_normal(frame.shape, np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / frame.depth + np.float32(np.sqrt(3) * INVERSE_DEPTH_NOISE) * noise
    return _with_depth(frame, 1 / np.maximum(inverse, np.float32(MIN_INVERSE_DEPTH)))


DEGRADATIONS: dict[str, Degradation] = {
    degradation.__name__: degradation
    for degradation in (
        *(dim, dark, night, black, drift, jumps, bands, blur, outages),
        *(no_depth, no_poses, holes, near_only, far_only, shifted_5, shifted_10, noisy_depth),
    )
}


def add_degrade_flag(parser: argparse.ArgumentParser) -> None:
    """Register --degrade."""
    parser.add_argument(
        "--degrade",
        dest="degradations",
        nargs="+",
        choices=sorted(DEGRADATIONS),
        default=[],
        metavar="NAME",
        help=f"degrade the frames, in this order: {', '.join(DEGRADATIONS)}",
    )


def degrade(names: Sequence[str], frame: RGBDFrame) -> RGBDFrame:
    """Apply the named degradations in this order."""
    for name in names:
        frame = DEGRADATIONS[name](frame)
    return frame


def _expose(frame: RGBDFrame, gain: float | NDArray[np.floating]) -> RGBDFrame:
    """Scale the light by a gain and add the shot noise and read noise of a sensor."""
    light = (
        srgb_to_linear(frame.color) * np.asarray(gain, np.float32) * np.float32(FULL_WELL_ELECTRONS)
    )
    noise = _generator(frame).standard_normal(light.shape, np.float32)
    light += noise * np.sqrt(light + np.float32(READ_NOISE_ELECTRONS**2))
    return replace(frame, color=linear_to_srgb(light / np.float32(FULL_WELL_ELECTRONS)))


def _with_depth(frame: RGBDFrame, depth: NDArray[np.floating]) -> RGBDFrame:
    return replace(frame, depth=depth.astype(np.float32))


def _shift_depth(frame: RGBDFrame, shift_px: int) -> RGBDFrame:
    if frame.depth is None:
        return frame
    depth = np.full_like(frame.depth, np.nan)
    depth[:, shift_px:] = frame.depth[:, :-shift_px]
    return replace(frame, depth=depth)


def _median_depth(frame: RGBDFrame) -> float:
    assert frame.depth is not None
    valid = frame.depth[(frame.depth > 0) & (frame.depth < np.inf)]
    return float(np.median(valid)) if valid.size else 0.0


def _generator(frame: RGBDFrame) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(frame.name.encode()))


def _stamp_seconds(frame: RGBDFrame) -> float:
    return frame.stamp_ns % STAMP_PERIOD_NS / 1e9


def _is_in_outage(frame: RGBDFrame) -> bool:
    return _stamp_seconds(frame) % OUTAGE_PERIOD_S >= OUTAGE_PERIOD_S - OUTAGE_DURATION_S
