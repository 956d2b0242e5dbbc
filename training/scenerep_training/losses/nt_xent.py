"""Loss of SimCLR."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast

from scenerep_training.engine.distributed import all_gather_ids, all_gather_rows, get_rank


def nt_xent_loss(
    first: torch.Tensor, second: torch.Tensor, groups: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Compute the normalized temperature-scaled cross-entropy (Chen et al., ICML 2020, equation 1).

    The negatives of a row are both views of all pairs of other groups, over all processes. Computed in
    float32.

    Args:
        first: (B, D) embeddings of one view of B pairs.
        second: (B, D) embeddings of the other view of the same pairs.
        groups: (B,) int64; pairs of one group may show the same, so they are no negatives.
        temperature: temperature of the cosine similarities.

    Returns:
        Scalar, mean over the 2 B rows of this process.
    """
    first, second = (F.normalize(view.float(), dim=1) for view in (first, second))
    candidates = torch.cat([all_gather_rows(first), all_gather_rows(second)])
    with autocast(first.device.type, enabled=False):
        logits = torch.cat([first, second]) @ candidates.T / temperature
    # Locate the positive of each row among the candidates of all processes.
    first_index = get_rank() * len(first) + torch.arange(len(first), device=first.device)
    second_index = first_index + len(candidates) // 2
    positive_index = torch.cat([second_index, first_index])
    # Exclude the row itself and the other rows of its group, but not its positive.
    is_excluded = groups.repeat(2)[:, None] == all_gather_ids(groups).repeat(2)
    is_excluded.scatter_(1, positive_index[:, None], False)
    return F.cross_entropy(logits.masked_fill(is_excluded, -torch.inf), positive_index)
