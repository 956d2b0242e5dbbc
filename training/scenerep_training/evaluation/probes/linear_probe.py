"""Linear classifier on frozen features: multinomial logistic regression."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

INVERSE_REGULARIZATION = 1.0
"""C of the penalty, as in scikit-learn, whose default it is; it is not tuned."""
MAX_STEPS = 1000
GRADIENT_TOLERANCE = 1e-5
MIN_STD = 1e-6
"""Standard deviation below which a channel is constant and set to 0."""
BLOCK_SIZE = 16384
"""Images whose logits are in memory at once: 65 MB with a thousand classes."""


class LinearProbe:
    """Minimizer of the mean cross-entropy plus `|W|^2 / (2 C N)` over weights W and a free bias.

    N is the number of training images and C = 1. Each channel is first standardized to mean 0 and
    standard deviation 1. The minimum is found by L-BFGS from zero on the full training set, so the
    result depends on no learning rate, schedule or seed.

    Args:
        features: (N, C) float32 of the training images.
        labels: (N,) int64, 0..class_count - 1.
        class_count: number of classes.
        device: device of the computation.
    """

    def __init__(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        class_count: int,
        device: torch.device,
    ) -> None:
        data = torch.from_numpy(features)
        self._mean, std = data.mean(0).to(device), data.std(0, unbiased=False).to(device)
        self._scale = torch.where(std > MIN_STD, 1 / std, 0.0)
        self._weight = torch.zeros(class_count, data.shape[1], device=device, requires_grad=True)
        self._bias = torch.zeros(class_count, device=device, requires_grad=True)
        self._fit(data, torch.from_numpy(labels))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the logits of all classes: (..., C) to (..., class_count)."""
        with torch.inference_mode():
            return self._logits(torch.from_numpy(features)).cpu().numpy()

    def _logits(self, features: torch.Tensor) -> torch.Tensor:
        standardized = (features.to(self._mean.device) - self._mean) * self._scale
        return F.linear(standardized, self._weight, self._bias)

    def _fit(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        optimizer = torch.optim.LBFGS(
            [self._weight, self._bias],
            max_iter=MAX_STEPS,
            tolerance_grad=GRADIENT_TOLERANCE,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

        def loss_and_gradient() -> float:
            optimizer.zero_grad()
            return self._backward(features, labels)

        optimizer.step(loss_and_gradient)

    def _backward(self, features: torch.Tensor, labels: torch.Tensor) -> float:
        """Accumulate the gradient over blocks of images, and return the loss."""
        count = len(features)
        penalty = self._weight.square().sum() / (2 * INVERSE_REGULARIZATION * count)
        penalty.backward()
        loss = penalty.item()
        for rows, truth in zip(features.split(BLOCK_SIZE), labels.split(BLOCK_SIZE), strict=True):
            logits = self._logits(rows)
            block_loss = F.cross_entropy(logits, truth.to(logits.device), reduction="sum") / count
            block_loss.backward()
            loss += block_loss.item()
        return loss
