"""SimCLR's loss: of all views, find the other one of the same pair."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast

from scenerep_training.engine.processes import gather_processes, process_rank


def nt_xent_loss(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """Normalised temperature-scaled cross-entropy (Chen et al., ICML 2020, equation 1).

    The negatives of a row are both views of all other pairs, of all processes. Computed in float32.

    Args:
        first: (B, D), one view of B pairs.
        second: (B, D), the other view of the same pairs.
        temperature: of the cosines.

    Returns:
        A scalar: mean over this process's 2 B rows.
    """
    first, second = (F.normalize(view.float(), dim=1) for view in (first, second))
    columns = torch.cat([gather_processes(first), gather_processes(second)])
    with autocast(first.device.type, enabled=False):
        logits = torch.cat([first, second]) @ columns.T / temperature
    place = process_rank() * len(first) + torch.arange(len(first), device=first.device)
    other = place + len(columns) // 2
    itself, partner = torch.cat([place, other]), torch.cat([other, place])
    return F.cross_entropy(logits.scatter(1, itself[:, None], -torch.inf), partner)
