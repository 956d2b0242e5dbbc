"""MoCo's loss: tell a query's key from the keys of a queue."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast


def info_nce_loss(
    query: torch.Tensor, key: torch.Tensor, negatives: torch.Tensor, temperature: float
) -> torch.Tensor:
    """InfoNCE (van den Oord et al. 2018) with a queue (He et al., CVPR 2020, equation 1).

    Computed in float32.

    Args:
        query: (B, D).
        key: (B, D), of the same pairs; taken without gradient.
        negatives: (K, D), of length 1.
        temperature: of the cosines.

    Returns:
        A scalar.
    """
    query = F.normalize(query.float(), dim=1)
    key = F.normalize(key.detach().float(), dim=1)
    with autocast(query.device.type, enabled=False):
        cosines = query @ negatives.T
    positive = (query * key).sum(1, keepdim=True)
    logits = torch.cat([positive, cosines], dim=1) / temperature
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))
