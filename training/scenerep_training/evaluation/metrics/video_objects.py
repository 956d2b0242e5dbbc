"""Figures of one object along a video, as the DAVIS 2017 benchmark defines them.

Region similarity J is `masks.mask_iou`; contour accuracy F (Perazzi et al., CVPR 2016) is below.
A figure a frame is summed up by its mean, its recall (the share of frames above 0.5) and its decay
(Pont-Tuset et al., "The 2017 DAVIS Challenge on Video Object Segmentation", 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.boundary import contour, matched, tolerance_pixels

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


def contour_f(predicted: Mask, truth: Mask) -> float:
    """F-measure of contour pixels within reach of the other contour.

    Two masks without contour agree: 1. Where only one has a contour F is 0.

    Args:
        predicted: (H, W) bool.
        truth: (H, W) bool.
    """
    reach = tolerance_pixels((truth.shape[0], truth.shape[1]), TOLERANCE)
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
