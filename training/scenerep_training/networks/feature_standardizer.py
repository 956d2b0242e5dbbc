"""Standardization of teacher features to mean 0 and variance 1 per channel."""

from __future__ import annotations

import torch
from torch import nn

from scenerep_training.engine.distributed import all_reduce_mean

EPSILON = 1e-6


class FeatureStandardizer(nn.Module):
    """Standardization of each channel by the statistics of all training batches so far.

    Some channels of a ViT's features are far larger than the others and would dominate a loss. Theia
    (Shang et al., CoRL 2024) standardizes with the statistics of its training set; here they are
    the average over the batches of all processes, as in UNIC (Sariyildiz et al., ECCV 2024). In eval
    mode the statistics are constant.

    Args:
        channels: number of channels, C.

    Attributes:
        num_batches: number of batches that the statistics cover.
        mean: (C,) mean of each channel.
        mean_square: (C,) mean of the squares of each channel.
    """

    num_batches: torch.Tensor
    mean: torch.Tensor
    mean_square: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("num_batches", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("mean_square", torch.ones(channels))

    @torch.no_grad()
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Standardize features (..., C) of any floating dtype.

        Returns:
            (..., C) float32, without gradient.
        """
        features = features.float()
        if self.training:
            self._update_statistics(features.flatten(0, -2))
        return self.standardize(features)

    def standardize(self, features: torch.Tensor) -> torch.Tensor:
        """Standardize features (..., C) by the present statistics, with gradient."""
        variance = self.mean_square - self.mean.square()
        return (features.float() - self.mean) / (variance.clamp(min=0) + EPSILON).sqrt()

    def _update_statistics(self, rows: torch.Tensor) -> None:
        """Update the running means by the rows (N, C) of one batch."""
        moments = all_reduce_mean(torch.stack([rows.mean(0), rows.square().mean(0)]))
        self.num_batches += 1
        self.mean += (moments[0] - self.mean) / self.num_batches
        self.mean_square += (moments[1] - self.mean_square) / self.num_batches
