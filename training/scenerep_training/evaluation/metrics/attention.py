"""Metrics of attention maps: normalized entropy and the IoU of the best head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.masks import mask_iou


def normalized_entropy(attention: NDArray[np.float32]) -> float:
    """Return the entropy of attention maps relative to its maximum, averaged over the heads.

    The division by the maximum, log(h w), makes networks with different patch sizes comparable.

    Args:
        attention: (n, h, w) non-negative weights; each head is scaled to sum to 1.

    Returns:
        0 if each head attends to a single patch, 1 if attention is uniform; NaN if a head has no
        attention at all or the grid has a single patch.

    >>> normalized_entropy(np.ones((2, 4, 4), np.float32))
    1.0
    """
    heads = attention.reshape(len(attention), -1).astype(np.float64)
    if heads.shape[1] < 2 or not heads.any(axis=1).all():
        return float("nan")
    shares = heads / heads.sum(axis=1, keepdims=True)
    # 0 log 0 = 0.
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(-(shares * logarithms).sum(axis=1).mean() / np.log(heads.shape[1]))


def best_head_iou(masks: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return the highest IoU of any head's mask with the ground truth: an oracle's choice.

    Args:
        masks: (n, h, w) bool on the patch grid, upsampled by nearest neighbor.
        truth: (H, W) bool.
    """
    # Index of the patch that covers each row and each column of the image.
    rows, columns = (
        np.arange(size) * patches // size
        for size, patches in zip(truth.shape, masks.shape[1:], strict=True)
    )
    return max(mask_iou(mask[rows[:, None], columns], truth) for mask in masks)
