"""Linear head on frozen features, learned online from the labels of the video.

Robinson et al., "Learning Fast and Robust Target Models for Video Object Segmentation" (CVPR 2020),
learn such a discriminative head by gradient descent. Least squares has a closed form, whose second
moments are all that must be stored of earlier frames.
"""

from __future__ import annotations

import torch

RIDGE_RATIO = 0.01
"""Weight of the ridge penalty relative to the mean second moment of the features."""
UPDATE_RATE = 0.1
"""Weight of the newest frame among the frames after the first."""
FIRST_FRAME_WEIGHT = 0.5
"""Weight of the first frame, the only one with true labels."""


class LabelHead:
    """Ridge regression from patch features to labels.

    Args:
        features: (n, C) float32, patches of the first frame.
        labels: (n, K) float32, rows sum to 1.
    """

    def __init__(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        self._first = self._recent = _second_moments(features, labels)
        self._weights = self._solve()

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """Score features (n, C): (n, K), near 1 for the predicted label and near 0 for others."""
        return _append_bias(features) @ self._weights

    def update(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Learn from a later frame with estimated labels (n, K).

        Patches are weighted by the confidence of their label. A frame without any confident label
        has no effect.
        """
        moments = _second_moments(features, labels)
        self._recent = torch.lerp(self._recent, moments, UPDATE_RATE)
        self._weights = self._solve()

    def _solve(self) -> torch.Tensor:
        """Solve the normal equations of ridge regression: (C + 1, K) weights."""
        moments = torch.lerp(self._recent, self._first, FIRST_FRAME_WEIGHT)
        size = moments.shape[0]
        covariance, correlation = moments[:, :size], moments[:, size:]
        penalty = RIDGE_RATIO * covariance.trace() / size
        identity = torch.eye(size, device=moments.device)
        return torch.linalg.solve(covariance + penalty * identity, correlation)


def _second_moments(features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Second moments (C + 1, C + 1 + K) of features with themselves and with one-hot labels."""
    target = torch.nn.functional.one_hot(labels.argmax(1), labels.shape[1]).float()
    # Weight patches by the margin of their label, and balance the labels.
    top_two = labels.topk(2, dim=1).values
    confidence = target * (top_two[:, :1] - top_two[:, 1:])
    label_share = target.mean(0).clamp_min(1e-3)
    weight = (confidence / label_share).sum(1)
    weight = weight / weight.sum().clamp_min(1e-12)
    inputs = _append_bias(features)
    return (inputs * weight[:, None]).T @ torch.cat([inputs, target], dim=1)


def _append_bias(features: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.pad(features, (0, 1), value=1.0)
