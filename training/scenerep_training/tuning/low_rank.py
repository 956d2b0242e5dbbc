"""Low-rank updates of the value path of a ViT's last block (LoRA; Hu et al., ICLR 2022).

Queries and keys stay as they are, so the CLS attention, from which the runtime derives foreground,
is exactly that of the initial network.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

RANK = 8
"""Rank of an update (LoRA's usual value)."""


class LowRankUpdate(nn.Module):
    """Parametrization of a weight: adds a product of two thin matrices to its last rows.

    Args:
        rows: number of rows that are updated, counted from the last.
        columns: number of columns of the weight.
    """

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(RANK, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, RANK))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the updated weight."""
        update = self.up @ self.down
        kept = weight.shape[0] - update.shape[0]
        return torch.cat([weight[:kept], weight[kept:] + update])


class LastBlock(nn.Module):
    """Last block and final norm of a ViT, with trainable low-rank updates, in float32.

    Args:
        network: timm VisionTransformer; it is not changed.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.block = copy.deepcopy(network.blocks[-1]).float()
        self.norm = copy.deepcopy(network.norm).float()
        self._prefix_count = int(network.num_prefix_tokens)
        self.requires_grad_(False)
        attention = self.block.attn
        for layer in (attention.qkv, attention.proj):
            channels = layer.weight.shape[1]
            update = LowRankUpdate(attention.proj.weight.shape[0], channels)
            parametrize.register_parametrization(layer, "weight", update)
            layer.parametrizations.weight.original.requires_grad_(False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Compute the patch features (B, N, C) from the block's input tokens (B, P + N, C)."""
        features: torch.Tensor = self.norm(self.block(tokens))[:, self._prefix_count :]
        return features

    def merged_state(self) -> dict[str, torch.Tensor]:
        """Return a copy of the updated weights, by their names in `network.blocks[-1]`."""
        attention = self.block.attn
        return {
            "attn.qkv.weight": attention.qkv.weight.detach().clone(),
            "attn.proj.weight": attention.proj.weight.detach().clone(),
        }


def supports_low_rank(network: Any) -> bool:
    """Return whether a network has a last block with joint queries, keys and values."""
    blocks = getattr(network, "blocks", None)
    has_norm = hasattr(network, "norm") and hasattr(network, "num_prefix_tokens")
    if blocks is None or not has_norm or not len(blocks):
        return False
    attention = getattr(blocks[-1], "attn", None)
    layers = [getattr(attention, name, None) for name in ("qkv", "proj")]
    return all(isinstance(layer, nn.Linear) for layer in layers)


def apply_update(network: Any, update: dict[str, torch.Tensor]) -> None:
    """Write updated weights into the last block of a network."""
    network.blocks[-1].load_state_dict(update, strict=False)
