"""ODIN's loss: of all objects of the batch, find the same one in the other view."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast

from scenerep_training.engine.processes import gather_processes, process_rank


def object_contrast_loss(
    prediction: torch.Tensor, target: torch.Tensor, present: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Contrast objects of two views (Henaff et al., ECCV 2022, equation 2).

    Negatives are the other objects of the same view and those of all other images, of all
    processes. Computed in float32.

    Args:
        prediction: (N, D), of the online network, one row an object of one view.
        target: (N, D), the same objects in the other view; taken without gradient.
        present: (N,) bool, whether the object is in both views; the others are left out.
        temperature: of the cosines.

    Returns:
        A scalar: mean over the objects that are present; 0 where none is.
    """
    prediction = F.normalize(prediction.float(), dim=1)
    columns = gather_processes(F.normalize(target.detach().float(), dim=1))
    known = gather_processes(present.float()[:, None])[:, 0] > 0
    with autocast(prediction.device.type, enabled=False):
        logits = prediction @ columns.T / temperature
    logits = logits.masked_fill(~known, -torch.inf)[present]
    place = process_rank() * len(present) + torch.arange(len(present), device=present.device)
    total = F.cross_entropy(logits, place[present], reduction="sum")
    return total / present.sum().clamp(min=1)
