"""Figures of one object along a video, as the DAVIS 2017 benchmark defines them.

Region similarity J is `masks.mask_iou`; contour accuracy F (Perazzi et al., CVPR 2016) is below.
A figure a frame is summed up by its mean, its recall (the share of frames above 0.5) and its decay
(Pont-Tuset et al., "The 2017 DAVIS Challenge on Video Object Segmentation", 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.boundary import matched

Mask = NDArray[np.bool_]

TOLERANCE = 0.008
"""Greatest distance of contours that match: a share of the image's diagonal."""
GOOD = 0.5
"""Figure above which a frame counts for recall."""
QUARTERS = 4


class Statistics(NamedTuple):
    """A figure along a video; decay is the first quarter's mean minus the last one's."""

    mean: float
    recall: float
    decay: float


def contour(mask: Mask) -> Mask:
    """Mark the pixels that differ from their right, lower or lower right neighbour.

    Contours lie between pixels, half a pixel away from what is marked; that they do so in both
    masks is what makes them comparable. There is none along the image's border.

    Args:
        mask: (H, W) bool.
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return (mask != right) | (mask != below) | (mask != diagonal)


def contour_f(predicted: Mask, truth: Mask) -> float:
    """F-measure of contour pixels within reach of the other contour.

    Two masks without contour agree: 1. Where only one has a contour F is 0.

    Args:
        predicted: (H, W) bool.
        truth: (H, W) bool.
    """
    reach = math.ceil(TOLERANCE * math.hypot(*truth.shape))
    found, true = contour(predicted), contour(truth)
    if not found.any() or not true.any():
        return float(found.any() == true.any())
    precise, recalled = matched(found, true, reach)
    precision, recall = precise / np.count_nonzero(found), recalled / np.count_nonzero(true)
    total = precision + recall
    return float(2 * precision * recall / total) if total else 0.0


def statistics(values: Sequence[float]) -> Statistics:
    """Sum up one figure a frame.

    Quarters are the benchmark's: they share the frames between them, so that the first and the
    last quarter of fewer than four frames overlap.

    Args:
        values: at least one, in order of time.
    """
    column = np.asarray(values, np.float64)
    ends = np.round(np.linspace(1, len(column), QUARTERS + 1) + 1e-10).astype(int) - 1
    first, last = column[: ends[1] + 1], column[ends[-2] :]
    decay = first.mean() - last.mean()
    return Statistics(float(column.mean()), float((column > GOOD).mean()), float(decay))
