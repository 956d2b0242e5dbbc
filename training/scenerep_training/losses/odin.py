"""Loss of ODIN."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast

from scenerep_training.engine.distributed import all_gather_ids, all_gather_rows, get_rank


def object_contrast_loss(
    prediction: torch.Tensor,
    target: torch.Tensor,
    present: torch.Tensor,
    groups: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """Contrast the objects of two views (Henaff et al., ECCV 2022, equation 2).

    The negatives of an object are the other objects of the same view and those of all images of other
    groups, over all processes: another image of the same recording may show the same object. Computed
    in float32.

    Args:
        prediction: (N, D) outputs of the online network for the objects of one view.
        target: (N, D) outputs of the target network for the same objects in the other view; they
            get no gradient.
        present: (N,) bool, true for objects that are in both views; the others are ignored.
        groups: (B,) int64, group of each image; the images have N / B objects each, in order.
        temperature: temperature of the cosine similarities.

    Returns:
        Scalar, mean over the objects that are present; 0 if there are none.
    """
    prediction = F.normalize(prediction.float(), dim=1)
    candidates = all_gather_rows(F.normalize(target.detach().float(), dim=1))
    is_candidate = all_gather_rows(present.float()[:, None])[:, 0] > 0
    with autocast(prediction.device.type, enabled=False):
        logits = prediction @ candidates.T / temperature
    is_candidate = is_candidate & ~_shares_recording(groups, len(present) // len(groups))
    logits = logits.masked_fill(~is_candidate, -torch.inf)[present]
    # Locate each object's positive among the candidates of all processes.
    index = get_rank() * len(present) + torch.arange(len(present), device=present.device)
    total = F.cross_entropy(logits, index[present], reduction="sum")
    return total / present.sum().clamp(min=1)


def _shares_recording(groups: torch.Tensor, object_count: int) -> torch.Tensor:
    """Return (N, P N) bool, true between objects of different images of one group."""
    all_groups = all_gather_ids(groups)
    images = get_rank() * len(groups) + torch.arange(len(groups), device=groups.device)
    all_images = torch.arange(len(all_groups), device=groups.device)
    is_same = (groups[:, None] == all_groups) & (images[:, None] != all_images)
    return is_same.repeat_interleave(object_count, 0).repeat_interleave(object_count, 1)
