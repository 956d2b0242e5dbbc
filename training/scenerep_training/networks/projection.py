"""Projection heads between an encoder and a loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

INIT_STD = 0.02
"""Standard deviation of DINO's initial weights."""


def projection_mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Build the projector of SimCLR, and the projector and predictor of BYOL.

    The layers are linear, batch normalization, ReLU, linear.

    Args:
        inputs: input channels.
        hidden: hidden channels.
        outputs: output channels.
    """
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, outputs),
    )


class DINOHead(nn.Module):
    """DINO's projection head (Caron et al., ICCV 2021, appendix C).

    Three layers with GELU lead to a bottleneck, whose output is normalized to length 1. The rows of
    the last layer's weight have length 1, so its outputs are cosines.

    Args:
        inputs: input channels.
        hidden: channels of the first two layers.
        bottleneck: channels of the third layer.
        outputs: outputs of the last layer, K.
    """

    def __init__(self, inputs: int, hidden: int, bottleneck: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.layers.apply(_initialize)
        self.last_layer = weight_norm(nn.Linear(bottleneck, outputs, bias=False))
        lengths = self.last_layer.parametrizations.weight.original0
        lengths.requires_grad_(False).fill_(1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Project (N, inputs) features to (N, outputs) logits."""
        return self.last_layer(F.normalize(self.layers(features), dim=1, eps=1e-6))


def _initialize(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear):
        nn.init.trunc_normal_(layer.weight, std=INIT_STD)
        nn.init.zeros_(layer.bias)
