"""Features of a teacher brought to mean 0 and variance 1 a channel."""

from __future__ import annotations

import torch
from torch import nn

from scenerep_training.engine.processes import mean_processes

EPSILON = 1e-6


class Standardise(nn.Module):
    """Subtracts the mean of each channel and divides by its standard deviation.

    Raw features of a ViT have a few channels far larger than the rest, which would be all that a
    loss sees. As Theia (Shang et al., CoRL 2024) does with the statistics of its training set; here
    they are the average over the batches of training so far, of all processes, as in UNIC
    (Sariyildiz et al., ECCV 2024). In eval mode they stay as they are.

    Args:
        channels: C.
    """

    batches: torch.Tensor
    mean: torch.Tensor
    power: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("batches", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("power", torch.ones(channels))  # mean of the squares

    @torch.no_grad()
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Standardise features (..., C) of any floating dtype; float32 without gradient."""
        features = features.float()
        if self.training:
            self._observe(features.flatten(0, -2))
        variance = self.power - self.mean.square()
        return (features - self.mean) / (variance.clamp(min=0) + EPSILON).sqrt()

    def _observe(self, rows: torch.Tensor) -> None:
        moments = mean_processes(torch.stack([rows.mean(0), rows.square().mean(0)]))
        self.batches += 1
        self.mean += (moments[0] - self.mean) / self.batches
        self.power += (moments[1] - self.power) / self.batches
