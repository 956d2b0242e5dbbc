"""Momentum networks: exponential moving averages of a trained network."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MomentumNetwork(nn.Module):
    """Copy of a network whose parameters are an exponential moving average; it has no gradients.

    Mean teachers (Tarvainen, Valpola 2017), as in MoCo, BYOL and DINO. The buffers are the copy's
    own: as in the papers' code it runs in training mode, so its batch normalization uses the
    statistics of the batch, and its running statistics describe its own features.

    Args:
        network: network to copy.

    Attributes:
        network: the copy.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> Any:
        """Run the copy."""
        return self.network(x)

    def update(self, network: nn.Module, momentum: float) -> None:
        """Set each parameter to momentum * itself + (1 - momentum) * the trained network's.

        Raises:
            ValueError: if the momentum is not in 0..1.
        """
        average = get_ema_multi_avg_fn(momentum)
        average(list(self.network.parameters()), list(network.parameters()), 0)
