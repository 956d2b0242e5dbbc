"""Metrics of unseen object instance segmentation: overlap and boundary precision, recall and F.

They follow Dave, Tokmakov and Ramanan, "Towards Segmenting Anything That Moves" (ICCV workshops
2019), in the form of UOIS-Net (Xie et al., "The Best of Both Modes", CoRL 2020), UOIS-Net-3D (Xie
et al., T-RO 2021) and UCN (Xiang et al., CoRL 2020), whose published evaluation they reproduce:

  1. F-measure of every pair of a true and a predicted object, and the one-to-one assignment with
     the maximum sum.
  2. Overlap: pixels shared by the assigned pairs over all predicted pixels (precision) and over all
     true pixels (recall). Boundary: the same with outline pixels, matched within 0.003 diagonals.
  3. Share of true objects whose assigned prediction has an F-measure above 0.75.

Ignored pixels are removed from both label images first: at an ignored region, objects of truth and
prediction end alike.

Empty input:
  - no true object and no prediction: precision, recall and F are 1;
  - no prediction: precision 1, recall 0, F 0;
  - no true object: precision 0, recall 1, F 0;
  - shares and means over true objects are NaN without a true object, and so left out of means;
  - every pixel ignored: all NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.metrics.boundary import (
    count_matches,
    extract_outline,
    tolerance_px,
)
from scenerep_training.evaluation.metrics.overlap import (
    Counts,
    Overlap,
    assign_max_sum,
    compute_overlap,
)
from scenerep_training.evaluation.metrics.rand_index import adjusted_rand_index

Labels = NDArray[np.integer]

MIN_FOUND_F = 0.75
"""F-measure above which an object counts as found."""
METRIC_NAMES = (
    *("overlap_precision", "overlap_recall", "overlap_f"),
    *("boundary_precision", "boundary_recall", "boundary_f"),
    *("found_75", "best_iou", "ari", "objects", "predicted"),
)


class PrecisionRecall(NamedTuple):
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float
    f: float


def object_metrics(predicted: Labels, truth: Labels) -> dict[str, float]:
    """Compare two label images.

    Args:
        predicted: (H, W) labels; BACKGROUND and UNLABELLED belong to no object.
        truth: (H, W) labels; BACKGROUND belongs to no object, UNLABELLED is ignored.

    Returns:
        METRIC_NAMES: overlap and boundary precision, recall and F; found_75; best_iou, the mean
        over true objects of the highest IoU of any prediction; ari, the adjusted Rand index over
        all pixels that are not ignored, with the background as one cluster; numbers of objects.
    """
    is_judged = truth != UNLABELLED
    if not is_judged.any():
        return dict.fromkeys(METRIC_NAMES, float("nan"))
    predicted = np.where(is_judged & (predicted != UNLABELLED), predicted, BACKGROUND)
    truth = np.where(is_judged, truth, BACKGROUND)
    overlap = compute_overlap(truth, predicted)
    rows, columns = assign_max_sum(overlap.f_measure)
    ari = adjusted_rand_index(predicted[is_judged], truth[is_judged])
    return {
        **_with_prefix("overlap", _overlap_scores(overlap, rows, columns)),
        **_with_prefix("boundary", _boundary_scores(truth, predicted, overlap, rows, columns)),
        "found_75": _found_ratio(overlap, rows, columns),
        "best_iou": _mean_best_iou(overlap),
        "ari": ari,
        "objects": float(len(overlap.truth_ids)),
        "predicted": float(len(overlap.predicted_ids)),
    }


def precision_recall(
    predicted_hits: float, predicted: float, true_hits: float, true: float
) -> PrecisionRecall:
    """Compute precision, recall and F; nothing predicted gives precision 1, no truth recall 1.

    Args:
        predicted_hits: matched pixels of the prediction.
        predicted: all pixels of the prediction.
        true_hits: matched pixels of the ground truth.
        true: all pixels of the ground truth.
    """
    precision = predicted_hits / predicted if predicted else 1.0
    recall = true_hits / true if true else 1.0
    total = precision + recall
    return PrecisionRecall(precision, recall, 2 * precision * recall / total if total else 0.0)


def _overlap_scores(overlap: Overlap, rows: Counts, columns: Counts) -> PrecisionRecall:
    hits = overlap.shared[rows, columns].sum()
    return precision_recall(hits, overlap.predicted_areas.sum(), hits, overlap.truth_areas.sum())


def _boundary_scores(
    truth: Labels, predicted: Labels, overlap: Overlap, rows: Counts, columns: Counts
) -> PrecisionRecall:
    true_outlines = [extract_outline(truth == label) for label in overlap.truth_ids]
    outlines = [extract_outline(predicted == label) for label in overlap.predicted_ids]
    # Match the outlines of the assigned pairs only; all outlines count in the denominators.
    tolerance = tolerance_px((truth.shape[0], truth.shape[1]))
    matches = [
        count_matches(outlines[column], true_outlines[row], tolerance)
        for row, column in zip(rows, columns, strict=True)
    ]
    predicted_hits, true_hits = np.array(matches).reshape(-1, 2).sum(0)
    return precision_recall(
        predicted_hits, int(np.sum(outlines)), true_hits, int(np.sum(true_outlines))
    )


def _found_ratio(overlap: Overlap, rows: Counts, columns: Counts) -> float:
    if not len(overlap.truth_ids):
        return float("nan")
    is_found = overlap.f_measure[rows, columns] > MIN_FOUND_F
    return float(is_found.sum() / len(overlap.truth_ids))


def _mean_best_iou(overlap: Overlap) -> float:
    if not len(overlap.truth_ids):
        return float("nan")
    return float(overlap.iou.max(axis=1, initial=0).mean())


def _with_prefix(prefix: str, scores: PrecisionRecall) -> dict[str, float]:
    return {f"{prefix}_{name}": float(value) for name, value in scores._asdict().items()}
