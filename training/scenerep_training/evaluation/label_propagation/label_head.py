"""A linear head on frozen features, learned from the first frame's labels while the video runs.

Robinson et al., "Learning Fast and Robust Target Models for Video Object Segmentation" (CVPR 2020),
learn such a discriminative head by descent; least squares has a closed form, whose sums over cells
are all that has to be remembered of earlier frames.
"""

from __future__ import annotations

import torch

RIDGE = 0.01
"""Weight of the penalty, as a share of the features' mean second moment."""
RATE = 0.1
"""Weight of the newest frame among the frames after the first."""
ANCHOR = 0.5
"""Weight of the first frame, the only one whose labels are true."""


class LabelHead:
    """Tells labels apart by ridge regression on the features of cells.

    Args:
        features: (n, C) float32, cells of the first frame.
        labels: (n, K) float32, their labels, each row summing to 1.
    """

    def __init__(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        self._first = self._recent = _moments(features, labels)
        self._weights = self._solve()

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """Score (n, C) features: (n, K), near 1 for a cell's own label and near 0 for others."""
        return _with_one(features) @ self._weights

    def learn(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Take in a later frame, whose labels (n, K) were estimated.

        Each cell counts by its confidence. A frame without any changes nothing.
        """
        moments = _moments(features, labels)
        self._recent = torch.lerp(self._recent, moments, RATE)
        self._weights = self._solve()

    def _solve(self) -> torch.Tensor:
        moments = torch.lerp(self._recent, self._first, ANCHOR)
        size = moments.shape[0]
        covariance, correlation = moments[:, :size], moments[:, size:]
        penalty = RIDGE * covariance.trace() / size
        identity = torch.eye(size, device=moments.device)
        return torch.linalg.solve(covariance + penalty * identity, correlation)


def _moments(features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Second moments (C + 1, C + 1 + K) of features with themselves and with labels.

    Cells count by how sure their label is; labels count the same, however few their cells are.
    """
    target = torch.nn.functional.one_hot(labels.argmax(1), labels.shape[1]).float()
    best = labels.topk(2, dim=1).values
    sure = target * (best[:, :1] - best[:, 1:])
    share = target.mean(0).clamp_min(1e-3)
    weight = (sure / share).sum(1)
    weight = weight / weight.sum().clamp_min(1e-12)
    inputs = _with_one(features)
    return (inputs * weight[:, None]).T @ torch.cat([inputs, target], dim=1)


def _with_one(features: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.pad(features, (0, 1), value=1.0)
