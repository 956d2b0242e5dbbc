"""Likeness of frames: what is at rest, and what is no video.

Frames are compared as small gray images, which sensor noise hardly changes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import FrameError
from scenerep_ros.sources.base import Source

log = logging.getLogger(__name__)

SIZE = (32, 24)
"""Width and height of the small images [px]."""


@dataclass(frozen=True)
class ContinuityConstants:
    """Tuned constants of the comparison of frames."""

    max_still_change: float = tuned(
        0.5,
        "mean change of gray up to which two frames show the same view",
        set_on="argument: noise of 8 gray levels changes it by 0.45; the slowest of ten DAVIS "
        "sequences changes by 0.9 a frame",
    )
    min_correlation: float = tuned(
        0.5,
        "median correlation of neighbors from which a folder of images is a video",
        set_on="ten DAVIS sequences, TUM fr1_rpy and 7-Scenes kitchen have 0.68 to 1.00, 60 images of "
        "ECSSD -0.03, 50 of NYUv2 0.18",
    )
    min_contrast: float = tuned(
        1.0,
        "standard deviation of gray from which an image has something to compare",
        set_on="argument: twice the change of an image at rest",
    )
    compared_neighbors: int = tuned(
        20, "neighbors that are compared in a folder", set_on="argument: 40 images take 0.2 s"
    )


CONSTANTS = ContinuityConstants()


def is_still(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Return whether two images (H, W, 3) uint8 show the same view at rest."""
    return _are_equal(_small_image(first), _small_image(second))


def is_video(source: Source) -> bool:
    """Return whether the neighbors in a recording resemble each other, as in a video.

    Unreadable frames are ignored. A recording of which no neighbors can be compared counts as a video.
    """
    count = min(len(source) - 1, CONSTANTS.compared_neighbors)
    starts = np.linspace(0, max(0, len(source) - 2), max(0, count)).round().astype(int)
    correlations = [_neighbor_correlation(source, int(index)) for index in starts]
    defined = [value for value in correlations if not np.isnan(value)]
    return not defined or bool(np.median(defined) >= CONSTANTS.min_correlation)


def _neighbor_correlation(source: Source, index: int) -> float:
    """Return the correlation of a frame with the next one; NaN if it is undefined."""
    try:
        first, second = (_small_image(source.color_frame(index + i).color) for i in (0, 1))
    except FrameError:
        return float("nan")
    if _are_equal(first, second):
        return 1.0
    if min(first.std(), second.std()) < CONSTANTS.min_contrast:
        return float("nan")
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _are_equal(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    return bool(np.abs(first - second).mean() <= CONSTANTS.max_still_change)


def _small_image(color: NDArray[np.uint8]) -> NDArray[np.float32]:
    gray = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(gray, SIZE, interpolation=cv2.INTER_AREA), np.float32)
