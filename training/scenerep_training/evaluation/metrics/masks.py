"""Metrics of a binary mask against the ground truth.

Two empty masks agree: their IoU and F-measure are 1. An empty mask against a non-empty one scores 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BETA_SQUARED = 0.3
"""Weight of precision against recall in salient object detection (Achanta et al., CVPR 2009)."""
THRESHOLD_COUNT = 256
"""Thresholds of a saliency map: the levels of an 8-bit image."""


def mask_iou(predicted: Mask, truth: Mask) -> float:
    """Return the intersection over union (Jaccard index), the region similarity J of DAVIS.

    J is defined in Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video
    Object Segmentation" (CVPR 2016).

    >>> float(mask_iou(np.array([True, True, False]), np.array([False, True, False])))
    0.5
    """
    union = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / union if union else 1.0


def pixel_accuracy(predicted: Mask, truth: Mask) -> float:
    """Return the share of correctly classified pixels, of at least one pixel."""
    return float(np.mean(predicted == truth))


def max_f_beta(saliency: NDArray[np.floating] | Mask, truth: Mask) -> float:
    """Return the maximum F-measure over all thresholds of a saliency map (beta squared 0.3).

    F = (1 + b2) P R / (b2 P + R) = (1 + b2) hits / (b2 true + predicted). The threshold 0, which
    selects every pixel, is left out. A binary mask is the same at all other thresholds.

    Args:
        saliency: (H, W) in 0..1, or bool.
        truth: (H, W) bool.
    """
    levels = np.rint(saliency.astype(np.float64) * (THRESHOLD_COUNT - 1)).astype(np.int64)
    # Pixels and true pixels selected by each threshold.
    predicted = _count_at_or_above(levels)
    hits = _count_at_or_above(levels[truth])
    true = np.count_nonzero(truth)
    if not true:
        return float(predicted[1] == 0)
    scores = (1 + BETA_SQUARED) * hits / (BETA_SQUARED * true + predicted)
    return float(scores[1:].max())


def _count_at_or_above(levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the values at or above each threshold 0..255."""
    return np.bincount(levels.ravel(), minlength=THRESHOLD_COUNT)[::-1].cumsum()[::-1]


def best_region(regions: NDArray[np.integer], truth: Mask) -> tuple[int, float]:
    """Find the region with the highest IoU: an oracle's choice.

    Args:
        regions: (H, W) labels; 0 is no region.
        truth: (H, W) bool, not empty.

    Returns:
        Label and IoU of the region; 0 and 0.0 without any region.
    """
    labels, hits, areas = _region_hits(regions, truth)
    if not len(labels):
        return 0, 0.0
    iou = hits / (areas + np.count_nonzero(truth) - hits)
    best = int(np.argmax(iou))
    return int(labels[best]), float(iou[best])


def best_union(regions: NDArray[np.integer], truth: Mask) -> tuple[Mask, float]:
    """Find the union of regions with the highest IoU: an upper bound of any selection of regions.

    IoU is a ratio of sums over the regions. The best union therefore holds exactly the regions
    whose share of true pixels is above some threshold, and it suffices to test the regions in
    order of that share.

    Args:
        regions: (H, W) labels; 0 is no region.
        truth: (H, W) bool, not empty.

    Returns:
        (H, W) mask and its IoU; an empty mask and 0.0 without any region.
    """
    labels, hits, areas = _region_hits(regions, truth)
    if not len(labels):
        return np.zeros_like(truth), 0.0
    # Accumulate true and false pixels in the order of the regions' precision.
    order = np.argsort(-hits / areas, kind="stable")
    true_pixels, false_pixels = hits[order].cumsum(), (areas - hits)[order].cumsum()
    iou = true_pixels / (np.count_nonzero(truth) + false_pixels)
    best = int(np.argmax(iou))
    return np.isin(regions, labels[order[: best + 1]]), float(iou[best])


def _region_hits(
    regions: NDArray[np.integer], truth: Mask
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the labels of the regions, their true pixels and their areas [px]."""
    labels, index = np.unique(regions.ravel(), return_inverse=True)
    areas = np.bincount(index, minlength=len(labels))
    hits = np.bincount(index[truth.ravel()], minlength=len(labels))
    is_region = labels > 0
    return labels[is_region].astype(np.int64), hits[is_region], areas[is_region]
