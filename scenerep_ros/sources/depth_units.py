"""Unit of recorded depth, checked against what a camera of objects and rooms can measure."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from math import log as natural_log

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

log = logging.getLogger(__name__)

UNITS_M = {"m": 1.0, "mm": 0.001, "1/5000 m": 1 / 5000, "0.1 mm": 0.0001, "1/6553.5 m": 1 / 6553.5}
"""Units of depth in common use [m]: REP 118, TUM, laser-lit stereo, Replica."""
FLOAT_UNITS = ("m", "mm")
"""Units of depth in floating point."""


@dataclass(frozen=True)
class DepthUnitConstants:
    """Tuned constants of the check of the depth unit."""

    min_median_m: float = tuned(
        0.05,
        "median depth below which the unit is wrong: cameras see from 0.1 m on",
        unit="m",
        set_on="ranges of the cameras in config/",
    )
    max_median_m: float = tuned(
        20.0,
        "median depth above which the unit is wrong: cameras see up to 10 m",
        unit="m",
        set_on="ranges of the cameras in config/",
    )
    typical_median_m: float = tuned(
        1.5,
        "median depth to which the right unit comes closest, as a ratio",
        unit="m",
        set_on="medians 0.8 to 2.7 m of mOSD, NYUv2, TUM fr1 and 7-Scenes",
    )
    min_valid_ratio: float = tuned(
        0.01,
        "ratio of pixels with depth below which an image is no evidence",
        set_on="not recorded",
    )


CONSTANTS = DepthUnitConstants()


def depth_unit_factor(
    name: str, depths: Iterable[NDArray[np.float32]], scale: float, is_float: bool
) -> float:
    """Return the factor that converts the depth of a recording to meters.

    It is 1 unless the median depth cannot be. Then the unit in common use is taken that brings the
    median closest to a typical one, and a warning says so.

    Args:
        name: name of the recording.
        depths: some images (H, W) of it, converted with `scale` [m], NaN = no measurement.
        scale: length of the unit that is assumed [m].
        is_float: whether depth is stored in floating point.
    """
    median = impossible_depth_median(depths)
    if median is None:
        return 1.0
    names = FLOAT_UNITS if is_float else tuple(UNITS_M)
    medians = {unit: median / scale * UNITS_M[unit] for unit in names}
    unit = min(
        medians, key=lambda each: abs(natural_log(medians[each] / CONSTANTS.typical_median_m))
    )
    if not is_possible_median(medians[unit]):
        log.warning(
            "%s: the median depth is %.4g m, which cannot be, and no unit in common use explains it; "
            "set depth_scale in camera.json, or correct the driver",
            name, median,
        )  # fmt: skip
        return 1.0
    log.warning(
        "%s: the median depth is %.4g m, which cannot be; depth in units of %s explains it (median "
        "%.2f m), so these are taken; set depth_scale in camera.json, or correct the driver",
        name, median, unit, medians[unit],
    )  # fmt: skip
    return UNITS_M[unit] / scale


def warn_of_impossible_depth(name: str, depths: Iterable[NDArray[np.float32]]) -> None:
    """Warn if the median depth [m] cannot be, where the user has set the unit."""
    median = impossible_depth_median(depths)
    if median is not None:
        log.warning(
            "%s: the median depth is %.4g m, which cannot be; correct depth_scale in camera.json",
            name, median,
        )  # fmt: skip


def impossible_depth_median(depths: Iterable[NDArray[np.float32]]) -> float | None:
    """Return the median [m] of the medians of images (H, W) if it cannot be; None for good depth.

    Images with hardly any measurement are no evidence.
    """
    medians = [
        float(np.median(depth[is_measured]))
        for depth, is_measured in ((depth, np.isfinite(depth)) for depth in depths)
        if is_measured.mean() >= CONSTANTS.min_valid_ratio
    ]
    median = float(np.median(medians)) if medians else None
    return None if median is None or is_possible_median(median) else median


def is_possible_median(median_m: float) -> bool:
    """Return whether a camera of objects and rooms can measure a median depth [m]."""
    return CONSTANTS.min_median_m <= median_m <= CONSTANTS.max_median_m
