"""Figures of one mask against another.

Where there is nothing to measure: two empty masks agree, so that their IoU and F-measure are 1; an
empty mask against one that is not scores 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BETA_SQUARED = 0.3
"""Weight of recall that salient object detection uses (Achanta et al., CVPR 2009)."""
LEVELS = 256
"""Thresholds of a saliency map: those of an image of 8 bits."""


def mask_iou(predicted: Mask, truth: Mask) -> float:
    """Intersection over union, which is the Jaccard index."""
    union = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / union if union else 1.0


def pixel_accuracy(predicted: Mask, truth: Mask) -> float:
    """Share of pixels with the right answer; at least one pixel."""
    return float(np.mean(predicted == truth))


def max_f_beta(saliency: NDArray[np.floating] | Mask, truth: Mask) -> float:
    """Greatest F-measure of any threshold of a saliency map, with beta squared 0.3.

    F = (1 + b2) P R / (b2 P + R), which is (1 + b2) hits / (b2 true + predicted). A mask is a map
    on which all thresholds agree, but for the one that takes everything, which is left out.

    Args:
        saliency: (H, W) in 0..1, or bool.
        truth: (H, W) bool.
    """
    levels = np.rint(saliency.astype(np.float64) * (LEVELS - 1)).astype(np.int64)
    predicted = _at_or_above(levels)
    hits = _at_or_above(levels[truth])
    true = np.count_nonzero(truth)
    if not true:
        return float(predicted[1] == 0)
    scores = (1 + BETA_SQUARED) * hits / (BETA_SQUARED * true + predicted)
    return float(scores[1:].max())


def _at_or_above(levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pixels that each threshold 0..255 takes."""
    return np.bincount(levels.ravel(), minlength=LEVELS)[::-1].cumsum()[::-1]


def best_region(regions: NDArray[np.integer], truth: Mask) -> tuple[int, float]:
    """Find the region with the greatest IoU, which only an oracle can.

    Args:
        regions: (H, W) labels; 0 is none.
        truth: (H, W) bool, not empty.

    Returns:
        Its label and its IoU; 0 and 0.0 where there is no region.
    """
    labels, hits, areas = _against(regions, truth)
    if not len(labels):
        return 0, 0.0
    iou = hits / (areas + np.count_nonzero(truth) - hits)
    best = int(np.argmax(iou))
    return int(labels[best]), float(iou[best])


def best_union(regions: NDArray[np.integer], truth: Mask) -> tuple[Mask, float]:
    """Find the union of regions with the greatest IoU: what any choice among them can reach.

    IoU is a ratio of sums over the regions, so the best union holds all of them above some share
    of true pixels, and the unions to try are the regions in order of that share.

    Args:
        regions: (H, W) labels; 0 is none.
        truth: (H, W) bool, not empty.

    Returns:
        (H, W) mask and its IoU; empty and 0.0 where there is no region.
    """
    labels, hits, areas = _against(regions, truth)
    if not len(labels):
        return np.zeros_like(truth), 0.0
    order = np.argsort(-hits / areas, kind="stable")
    inside, outside = hits[order].cumsum(), (areas - hits)[order].cumsum()
    iou = inside / (np.count_nonzero(truth) + outside)
    best = int(np.argmax(iou))
    return np.isin(regions, labels[order[: best + 1]]), float(iou[best])


def _against(
    regions: NDArray[np.integer], truth: Mask
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Labels of the regions, their true pixels and all their pixels."""
    labels, index = np.unique(regions.ravel(), return_inverse=True)
    areas = np.bincount(index, minlength=len(labels))
    hits = np.bincount(index[truth.ravel()], minlength=len(labels))
    known = labels > 0
    return labels[known].astype(np.int64), hits[known], areas[known]
