"""Scores of a segmentation against ground truth."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from scenerep_ros.frames import BACKGROUND, UNLABELLED


def overlap_f(labels, truth):
    """Compute the overlap F of UOIS-Net-3D (Xie et al., T-RO 2021).

    Objects are assigned by the best F, and pixels are summed over all objects.

    Args:
        labels: (H, W) object labels.
        truth: (H, W) object labels; UNLABELLED pixels are ignored.
    """
    ignored = truth == UNLABELLED
    labels = np.where(ignored | (labels == UNLABELLED), BACKGROUND, labels).astype(int)
    truth = np.where(ignored, BACKGROUND, truth).astype(int)
    counts = np.zeros((labels.max() + 1, truth.max() + 1))
    np.add.at(counts, (labels, truth), 1)
    intersection = counts[1:, 1:]
    predicted, actual = counts[1:].sum(axis=1), counts[:, 1:].sum(axis=0)
    matches = linear_sum_assignment(-2 * intersection / (predicted[:, None] + actual))
    return 2 * intersection[matches].sum() / (predicted.sum() + actual.sum())


def foreground_iou(labels, truth):
    """Compute the intersection over union of all objects and a mask (H, W)."""
    foreground = (labels != BACKGROUND) & (labels != UNLABELLED)
    return (foreground & truth).sum() / (foreground | truth).sum()
