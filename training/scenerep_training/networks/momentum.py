"""A teacher that follows a network: the mean of its weights over the last steps."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Momentum(nn.Module):
    """A copy of a network, without gradients, whose parameters follow by moving average.

    Mean teachers (Tarvainen, Valpola 2017) as in MoCo, BYOL and DINO. Buffers are the copy's own: as in
    these methods' own code it runs in training mode, so its batch normalisation uses the batch, and
    its running statistics are those of its own features, which the followed network's are not.

    Args:
        network: to follow.

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

    def follow(self, network: nn.Module, momentum: float) -> None:
        """Let every parameter become momentum * itself + (1 - momentum) * the network's.

        Raises:
            ValueError: if the momentum is not in 0..1.
        """
        average = get_ema_multi_avg_fn(momentum)
        average(list(self.network.parameters()), list(network.parameters()), 0)
