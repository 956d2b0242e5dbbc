"""Loss of MoCo."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast


def info_nce_loss(
    query: torch.Tensor,
    key: torch.Tensor,
    negatives: torch.Tensor,
    is_negative: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """Compute InfoNCE (van den Oord et al. 2018) with a queue (He et al., CVPR 2020, equation 1).

    Computed in float32.

    Args:
        query: (B, D) embeddings.
        key: (B, D) embeddings of the same pairs; they get no gradient.
        negatives: (K, D) keys of length 1.
        is_negative: (B, K) bool; false where a key of the queue may show what the query shows.
        temperature: temperature of the cosine similarities.

    Returns:
        Scalar.
    """
    query = F.normalize(query.float(), dim=1)
    key = F.normalize(key.detach().float(), dim=1)
    with autocast(query.device.type, enabled=False):
        negative = (query @ negatives.T).masked_fill(~is_negative, -torch.inf)
    positive = (query * key).sum(1, keepdim=True)
    # The positive key is class 0 of every row.
    logits = torch.cat([positive, negative], dim=1) / temperature
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))
