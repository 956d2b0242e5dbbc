"""What the heads of a network attend to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.masks import mask_iou


def evenness(attention: NDArray[np.float32]) -> float:
    """Mean over the heads of the entropy of their attention, as a share of the greatest possible.

    Args:
        attention: (n, h, w), not negative; each head is scaled to sum to 1 over the cells.

    Returns:
        0 where each head looks at one cell, 1 where all look everywhere alike; so that networks
        with patches of different sizes compare. NaN where a head looks nowhere.
    """
    heads = attention.reshape(len(attention), -1).astype(np.float64)
    if heads.shape[1] < 2 or not heads.any(axis=1).all():
        return float("nan")
    shares = heads / heads.sum(axis=1, keepdims=True)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(-(shares * logarithms).sum(axis=1).mean() / np.log(heads.shape[1]))


def best_head(masks: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Greatest IoU of any head's mask with the truth, which only an oracle can choose.

    Args:
        masks: (n, h, w) on the grid; brought to the image's size by the nearest cell.
        truth: (H, W).
    """
    rows, columns = (
        np.arange(size) * cells // size
        for size, cells in zip(truth.shape, masks.shape[1:], strict=True)
    )
    return max(mask_iou(mask[rows[:, None], columns], truth) for mask in masks)
