"""The small networks between an encoder and a loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Linear, batch normalisation, ReLU, linear: BYOL's projector and predictor, and SimCLR's.

    Args:
        inputs: channels of what comes in.
        hidden: channels between the layers.
        outputs: channels of what goes out.
    """
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, outputs),
    )


class DINOHead(nn.Module):
    """DINO's projection head (Caron et al., ICCV 2021, appendix C).

    Three layers with GELU down to a bottleneck, whose output is brought to length 1, and a last layer
    of weight vectors of length 1: its outputs are cosines.

    Args:
        inputs: channels of the features.
        hidden: channels of the first two layers.
        bottleneck: channels of the third.
        outputs: of the last layer, K.
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
        self.layers.apply(_initialise)
        self.last = weight_norm(nn.Linear(bottleneck, outputs, bias=False))
        lengths = self.last.parametrizations.weight.original0
        lengths.requires_grad_(False).fill_(1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Project (N, inputs) features to (N, outputs) logits."""
        return self.last(F.normalize(self.layers(features), dim=1, eps=1e-6))


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear):
        nn.init.trunc_normal_(layer.weight, std=0.02)
        nn.init.zeros_(layer.bias)
