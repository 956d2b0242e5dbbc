"""BYOL's loss: how far a prediction's direction is from its target's."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def byol_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean squared distance of directions, 2 - 2 cos (Grill et al., NeurIPS 2020, equation 2).

    Computed in float32, for one order of the views; the method adds the other one.

    Args:
        prediction: (B, D), with gradient.
        target: (B, D), taken without.

    Returns:
        A scalar, 0 to 4.
    """
    cosines = F.cosine_similarity(prediction.float(), target.detach().float(), dim=1)
    return (2 - 2 * cosines).mean()
