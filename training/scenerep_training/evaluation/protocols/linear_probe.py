"""A linear classifier on frozen features: multinomial logistic regression."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

INVERSE_STRENGTH = 1.0
"""C of the penalty, as in scikit-learn, where it is the default; it is not tuned."""
STEPS = 1000
LEAST_GRADIENT = 1e-5
SMALLEST_SPREAD = 1e-6
"""Standard deviation below which a channel is constant."""
BLOCK = 16384
"""Images whose scores are held at once: 65 MB with a thousand classes."""


class LinearProbe:
    """Minimises the mean cross-entropy plus |W|^2 / (2 C N) over weights W and a free bias.

    N is the number of training images and C = 1. Each channel is first brought to mean 0 and
    standard deviation 1 over them. The minimum is found by L-BFGS from zero, with the whole set in
    every step, so that there is no learning rate, no schedule and no chance in it.

    Args:
        features: (N, C) float32 of the training images.
        labels: (N,) 0..classes - 1.
        classes: their number.
        device: where it is computed.
    """

    def __init__(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        classes: int,
        device: torch.device,
    ) -> None:
        data = torch.from_numpy(features)
        self._mean, spread = data.mean(0).to(device), data.std(0, unbiased=False).to(device)
        self._scale = torch.where(spread > SMALLEST_SPREAD, 1 / spread, 0.0)
        self._weight = torch.zeros(classes, data.shape[1], device=device, requires_grad=True)
        self._bias = torch.zeros(classes, device=device, requires_grad=True)
        self._fit(data, torch.from_numpy(labels))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score every class: (..., C) to (..., classes) logits."""
        with torch.inference_mode():
            return self._logits(torch.from_numpy(features)).cpu().numpy()

    def _logits(self, features: torch.Tensor) -> torch.Tensor:
        standard = (features.to(self._mean.device) - self._mean) * self._scale
        return F.linear(standard, self._weight, self._bias)

    def _fit(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        optimizer = torch.optim.LBFGS(
            [self._weight, self._bias],
            max_iter=STEPS,
            tolerance_grad=LEAST_GRADIENT,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

        def loss_and_gradient() -> float:
            optimizer.zero_grad()
            return self._backward(features, labels)

        optimizer.step(loss_and_gradient)

    def _backward(self, features: torch.Tensor, labels: torch.Tensor) -> float:
        """Add up loss and gradient over blocks of images."""
        count = len(features)
        penalty = self._weight.square().sum() / (2 * INVERSE_STRENGTH * count)
        penalty.backward()
        loss = penalty.item()
        for rows, truth in zip(features.split(BLOCK), labels.split(BLOCK), strict=True):
            logits = self._logits(rows)
            part = F.cross_entropy(logits, truth.to(logits.device), reduction="sum") / count
            part.backward()
            loss += part.item()
        return loss
