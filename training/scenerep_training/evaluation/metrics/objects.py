"""Figures of unseen object instance segmentation.

Overlap and boundary precision, recall and F-measure as in Dave, Tokmakov and Ramanan, "Towards
Segmenting Anything That Moves" (ICCV workshops 2019), in the form of Xie et al., "The Best of Both
Modes" (CoRL 2020) and UOIS-Net-3D (T-RO 2021), whose published evaluation these follow:

  1. F of every pair of a true and a predicted object; a one-to-one assignment of the greatest sum.
  2. Overlap: pixels shared by the assigned pairs, over all predicted pixels (precision) and over
     all true ones (recall). Boundary: the same of outline pixels, matched within 0.003 diagonals.
  3. The share of true objects whose assigned prediction has F above 0.75.

Ignored pixels are taken out of both masks before anything is measured: an object ends for truth
and prediction alike where the ignored region begins.

Where there is nothing to measure:
  - no true object, no prediction: precision, recall and F are 1;
  - no prediction: precision 1, recall 0, F 0;
  - no true object: precision 0, recall 1, F 0;
  - shares and means over true objects are NaN where there are none, and so left out of means;
  - every pixel ignored: all NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.metrics.boundary import matched, outline, tolerance_pixels
from scenerep_training.evaluation.metrics.overlap import Counts, Overlap, assign, overlap
from scenerep_training.evaluation.metrics.rand_index import adjusted_rand_index

Labels = NDArray[np.integer]

FOUND = 0.75
"""F-measure above which an object counts as found."""
NAMES = (
    *("overlap_precision", "overlap_recall", "overlap_f"),
    *("boundary_precision", "boundary_recall", "boundary_f"),
    *("found_75", "best_iou", "ari", "objects", "predicted"),
)


class PRF(NamedTuple):
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float
    f: float


def object_figures(predicted: Labels, truth: Labels) -> dict[str, float]:
    """Compare two label images.

    Args:
        predicted: (H, W) labels; BACKGROUND and UNLABELLED belong to no object.
        truth: (H, W) labels; BACKGROUND belongs to no object, UNLABELLED is ignored.

    Returns:
        NAMES: overlap and boundary F, precision and recall; found_75; best_iou, the mean over true
        objects of the best IoU of any prediction; ari over all pixels that count, the background
        being one cluster of them; and the numbers of objects.
    """
    counts = truth != UNLABELLED
    if not counts.any():
        return dict.fromkeys(NAMES, float("nan"))
    predicted = np.where(counts & (predicted != UNLABELLED), predicted, BACKGROUND)
    truth = np.where(counts, truth, BACKGROUND)
    pairs = overlap(truth, predicted)
    rows, columns = assign(pairs.f_measure)
    ari = adjusted_rand_index(predicted[counts], truth[counts])
    return {
        **_named("overlap", _overlap(pairs, rows, columns)),
        **_named("boundary", _boundary(truth, predicted, pairs, rows, columns)),
        "found_75": _share_found(pairs, rows, columns),
        "best_iou": _mean_best(pairs),
        "ari": ari,
        "objects": float(len(pairs.truth_ids)),
        "predicted": float(len(pairs.predicted_ids)),
    }


def precision_recall(precise: float, predicted: float, recalled: float, true: float) -> PRF:
    """Divide hits by what was predicted and by what is true; see above for empty ones."""
    precision = precise / predicted if predicted else 1.0
    recall = recalled / true if true else 1.0
    total = precision + recall
    return PRF(precision, recall, 2 * precision * recall / total if total else 0.0)


def _overlap(pairs: Overlap, rows: Counts, columns: Counts) -> PRF:
    hits = pairs.shared[rows, columns].sum()
    return precision_recall(hits, pairs.predicted_areas.sum(), hits, pairs.truth_areas.sum())


def _boundary(
    truth: Labels, predicted: Labels, pairs: Overlap, rows: Counts, columns: Counts
) -> PRF:
    true = [outline(truth == label) for label in pairs.truth_ids]
    found = [outline(predicted == label) for label in pairs.predicted_ids]
    reach = tolerance_pixels((truth.shape[0], truth.shape[1]))
    hits = [matched(found[c], true[r], reach) for r, c in zip(rows, columns, strict=True)]
    precise, recalled = np.array(hits).reshape(-1, 2).sum(0)
    return precision_recall(precise, int(np.sum(found)), recalled, int(np.sum(true)))


def _share_found(pairs: Overlap, rows: Counts, columns: Counts) -> float:
    if not len(pairs.truth_ids):
        return float("nan")
    return float((pairs.f_measure[rows, columns] > FOUND).sum() / len(pairs.truth_ids))


def _mean_best(pairs: Overlap) -> float:
    if not len(pairs.truth_ids):
        return float("nan")
    return float(pairs.iou.max(axis=1, initial=0).mean())


def _named(kind: str, values: PRF) -> dict[str, float]:
    return {f"{kind}_{name}": float(value) for name, value in values._asdict().items()}
