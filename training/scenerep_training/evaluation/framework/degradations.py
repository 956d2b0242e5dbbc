"""What can be wrong with an image: the same frames made darker, blurred, blind or out of register.

Each degradation is a pure function of the frame: what is random in it is drawn from a generator
that the frame's name seeds, and what changes over time is a function of the frame's stamp. Colour
changes in linear light (IEC 61966-2-1), where a camera's exposure does.
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

FULL_WELL = 10_000.0
"""Electrons of a white pixel, as in small sensors: the shot noise of n electrons is sqrt(n)."""
READ_NOISE = 5.0
"""Electrons of noise that a pixel has in the dark."""
DRIFT_PERIOD = 1.0
"""Seconds in which a drifting exposure goes from full to an eighth and back."""
MAINS = 100.0
"""Flashes a second of a lamp on 50 Hz mains."""
READOUT = 0.02
"""Seconds from the first to the last row of a rolling shutter: two bands an image."""
FLASH = 0.6
"""Share of a lamp's light that its flashes take away at their darkest."""
BLUR = 15
"""Pixels that the camera moves along the row while the shutter is open."""
HOLES = 0.3
"""Share of an image without depth, and the size of the holes as a share of its width."""
HOLE_SIZE = 0.02
DEPTH_NOISE = 1.4e-3
"""Standard deviation of a Kinect's inverse depth, 1 / m: 1.4 mm at 1 m, growing with the square of
the distance (Khoshelham and Elberink, "Accuracy and resolution of Kinect depth data", 2012)."""
OUTAGE_PERIOD, OUTAGE = 0.5, 0.1
"""Seconds from one outage to the next, and of each."""


def dim(frame: RGBDFrame) -> RGBDFrame:
    """A quarter of the light."""
    return _exposed(frame, 0.25)


def dark(frame: RGBDFrame) -> RGBDFrame:
    """6 % of the light: white is 71 of 255."""
    return _exposed(frame, 0.06)


def night(frame: RGBDFrame) -> RGBDFrame:
    """1 % of the light: white is 25 of 255, and middle grey 7."""
    return _exposed(frame, 0.01)


def black(frame: RGBDFrame) -> RGBDFrame:
    """No light at all: a covered lens."""
    return replace(frame, color=np.zeros_like(frame.color))


def drift(frame: RGBDFrame) -> RGBDFrame:
    """An exposure that goes from full to an eighth and back every second."""
    phase = _seconds(frame) / DRIFT_PERIOD
    return _exposed(frame, float(8 ** ((np.cos(2 * np.pi * phase) - 1) / 2)))


def jumps(frame: RGBDFrame) -> RGBDFrame:
    """An exposure that falls to a sixth for a tenth of a second, twice a second."""
    return _exposed(frame, 0.17) if _in_outage(frame) else frame


def bands(frame: RGBDFrame) -> RGBDFrame:
    """Dark bands that wander over the image: a rolling shutter under a lamp on the mains."""
    rows = np.arange(frame.shape[0], dtype=np.float32) / frame.shape[0] * READOUT
    flashes = np.cos(2 * np.pi * MAINS * (rows + _seconds(frame)))
    return _exposed(frame, (1 - FLASH * (1 + flashes) / 2)[:, None, None])


def blur(frame: RGBDFrame) -> RGBDFrame:
    """Motion along the row by 15 pixels while the shutter is open."""
    kernel = np.full((1, BLUR), 1 / BLUR, np.float32)
    light = cv2.filter2D(srgb_to_linear(frame.color), -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return replace(frame, color=linear_to_srgb(np.asarray(light, np.float32)))


def outages(frame: RGBDFrame) -> RGBDFrame:
    """Neither colour nor depth for a tenth of a second, twice a second."""
    if not _in_outage(frame):
        return frame
    depth = None if frame.depth is None else np.full_like(frame.depth, np.nan)
    return replace(black(frame), depth=depth)


def no_depth(frame: RGBDFrame) -> RGBDFrame:
    """Colour only."""
    return replace(frame, depth=None)


def no_poses(frame: RGBDFrame) -> RGBDFrame:
    """A camera whose motion nobody knows, as that of the robot's node."""
    return replace(frame, pose=None)


def holes(frame: RGBDFrame) -> RGBDFrame:
    """No depth in blobs that take 30 % of the image."""
    if frame.depth is None:
        return frame
    noise = _generator(frame).standard_normal(frame.shape, np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), max(HOLE_SIZE * frame.shape[1], 1.0))
    return _with_depth(frame, np.where(smooth < np.quantile(smooth, HOLES), np.nan, frame.depth))


def near_only(frame: RGBDFrame) -> RGBDFrame:
    """A sensor that sees the nearer half of what it should."""
    if frame.depth is None:
        return frame
    return _with_depth(frame, np.where(frame.depth > _median_depth(frame), np.nan, frame.depth))


def far_only(frame: RGBDFrame) -> RGBDFrame:
    """A sensor that sees the farther half of what it should."""
    if frame.depth is None:
        return frame
    return _with_depth(frame, np.where(frame.depth < _median_depth(frame), np.nan, frame.depth))


def shifted_5(frame: RGBDFrame) -> RGBDFrame:
    """Depth 5 pixels to the right of colour."""
    return _shifted(frame, 5)


def shifted_10(frame: RGBDFrame) -> RGBDFrame:
    """Depth 10 pixels to the right of colour."""
    return _shifted(frame, 10)


def noisy_depth(frame: RGBDFrame) -> RGBDFrame:
    """Depth with twice the noise of a Kinect: that of two add up as squares do."""
    if frame.depth is None:
        return frame
    noise = _generator(frame).standard_normal(frame.shape, np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / frame.depth + np.float32(np.sqrt(3) * DEPTH_NOISE) * noise
    # What was beyond all range stays a measurement of something far away.
    return _with_depth(frame, 1 / np.maximum(inverse, np.float32(1e-3)))


DEGRADATIONS: dict[str, Degradation] = {
    degradation.__name__: degradation
    for degradation in (
        *(dim, dark, night, black, drift, jumps, bands, blur, outages),
        *(no_depth, no_poses, holes, near_only, far_only, shifted_5, shifted_10, noisy_depth),
    )
}


def add_degrade(parser: argparse.ArgumentParser) -> None:
    """Register --degrade."""
    parser.add_argument(
        "--degrade",
        dest="degraded",
        nargs="+",
        choices=sorted(DEGRADATIONS),
        default=[],
        metavar="NAME",
        help=f"spoil the frames, in this order: {', '.join(DEGRADATIONS)}",
    )


def degrade(names: Sequence[str], frame: RGBDFrame) -> RGBDFrame:
    """Do all that is named to a frame, in this order."""
    for name in names:
        frame = DEGRADATIONS[name](frame)
    return frame


def _exposed(frame: RGBDFrame, gain: float | NDArray[np.floating]) -> RGBDFrame:
    """Take a share of the light away, with what noise a sensor has in what is left."""
    light = srgb_to_linear(frame.color) * np.asarray(gain, np.float32) * np.float32(FULL_WELL)
    noise = _generator(frame).standard_normal(light.shape, np.float32)
    light += noise * np.sqrt(light + np.float32(READ_NOISE**2))
    return replace(frame, color=linear_to_srgb(light / np.float32(FULL_WELL)))


def _with_depth(frame: RGBDFrame, depth: NDArray[np.floating]) -> RGBDFrame:
    return replace(frame, depth=depth.astype(np.float32))


def _shifted(frame: RGBDFrame, pixels: int) -> RGBDFrame:
    if frame.depth is None:
        return frame
    depth = np.full_like(frame.depth, np.nan)
    depth[:, pixels:] = frame.depth[:, :-pixels]
    return replace(frame, depth=depth)


def _median_depth(frame: RGBDFrame) -> float:
    assert frame.depth is not None
    known = frame.depth[(frame.depth > 0) & (frame.depth < np.inf)]
    return float(np.median(known)) if known.size else 0.0


def _generator(frame: RGBDFrame) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(frame.name.encode()))


def _seconds(frame: RGBDFrame) -> float:
    """Of the frame's stamp; whole minutes are left out, for nothing here takes as long."""
    return frame.stamp_ns % 60_000_000_000 / 1e9


def _in_outage(frame: RGBDFrame) -> bool:
    return _seconds(frame) % OUTAGE_PERIOD >= OUTAGE_PERIOD - OUTAGE
