"""J&F metrics of video object segmentation, as the DAVIS 2017 benchmark defines them.

Region similarity J is `masks.mask_iou`; contour accuracy F is `contour_f` (both from Perazzi et
al., CVPR 2016). The values of all frames are summarized by their mean, their recall (the share of
frames above 0.5) and their decay (Pont-Tuset et al., "The 2017 DAVIS Challenge on Video Object
Segmentation", 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.boundary import count_matches

Mask = NDArray[np.bool_]

TOLERANCE_RATIO = 0.008
"""Maximum distance of matching contours as a share of the image diagonal."""
RECALL_THRESHOLD = 0.5
QUARTERS = 4


class SequenceStatistics(NamedTuple):
    """Summary of a per-frame metric; decay is the mean of the first quarter minus the last's."""

    mean: float
    recall: float
    decay: float


def extract_contour(mask: Mask) -> Mask:
    """Mark the pixels that differ from their right, lower or lower right neighbor.

    Contours lie between pixels, half a pixel away from the marked ones. The offset is the same in
    both compared masks. The image border is no contour.

    Args:
        mask: (H, W) bool.
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return (mask != right) | (mask != below) | (mask != diagonal)


def contour_f(predicted: Mask, truth: Mask) -> float:
    """Return the contour accuracy F: the F-measure of contour pixels matched within a tolerance.

    F is 1 if neither mask has a contour, and 0 if only one has.

    Args:
        predicted: (H, W) bool.
        truth: (H, W) bool.
    """
    tolerance = math.ceil(TOLERANCE_RATIO * math.hypot(*truth.shape))
    contour, true_contour = extract_contour(predicted), extract_contour(truth)
    if not contour.any() or not true_contour.any():
        return float(contour.any() == true_contour.any())
    predicted_hits, true_hits = count_matches(contour, true_contour, tolerance)
    precision = predicted_hits / np.count_nonzero(contour)
    recall = true_hits / np.count_nonzero(true_contour)
    total = precision + recall
    return float(2 * precision * recall / total) if total else 0.0


def sequence_statistics(values: Sequence[float]) -> SequenceStatistics:
    """Summarize a per-frame metric.

    The quarters are the benchmark's: neighboring quarters share a frame, and in sequences of fewer
    than four frames the first and the last quarter overlap.

    Args:
        values: one value a frame, at least one.
    """
    column = np.asarray(values, np.float64)
    # The benchmark counts frames from 1 and rounds halves up.
    ends = np.round(np.linspace(1, len(column), QUARTERS + 1) + 1e-10).astype(int) - 1
    first, last = column[: ends[1] + 1], column[ends[-2] :]
    decay = first.mean() - last.mean()
    recall = (column > RECALL_THRESHOLD).mean()
    return SequenceStatistics(float(column.mean()), float(recall), float(decay))
