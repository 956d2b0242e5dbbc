"""Losses of tuning on unit-length patch features of one image or a pair."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from scenerep_training.agreement.references import IGNORED

TEMPERATURE = 0.1
"""Temperature of the matching loss (TimeTuning, Salehi et al., ICCV 2023)."""


def gram_anchor(features: torch.Tensor, frozen: torch.Tensor) -> torch.Tensor:
    """Compare the similarities of all patches with those of the frozen network.

    Gram anchoring of DINOv3 (Siméoni et al., 2025), uncentered.

    Args:
        features: (N, C) unit-length features.
        frozen: (N, C) unit-length features of the initial network.
    """
    return (features @ features.T - frozen @ frozen.T).square().mean()


def matching_loss(
    first: torch.Tensor, second: torch.Tensor, indices: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Classify each visible patch of the second frame by its patch in the first (InfoNCE).

    Args:
        first: (N, C) unit-length features of the first frame.
        second: (N, C) unit-length features of the second frame.
        indices: (M,) visible patches of the second frame.
        targets: (M,) their patches in the first frame.
    """
    if not len(indices):
        return first.sum() * 0
    return F.cross_entropy(second[indices] @ first.T / TEMPERATURE, targets)


def object_loss(features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Raise the similarity within objects, and lower that between an object and all else.

    Args:
        features: (N, C) unit-length features.
        labels: (N,) int64: IGNORED, 0 for background, or an object.
    """
    known = labels != IGNORED
    similarity = features[known] @ features[known].T
    same = labels[known][:, None] == labels[known]
    involves_object = (labels[known][:, None] > 0) | (labels[known] > 0)
    positive, negative = similarity[same & involves_object], similarity[~same & involves_object]
    if not positive.numel() or not negative.numel():
        return features.sum() * 0
    return (1 - positive).mean() + F.relu(negative).mean()
