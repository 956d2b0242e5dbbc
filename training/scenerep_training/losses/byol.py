"""Loss of BYOL."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def byol_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Compute the mean squared distance of normalized vectors, 2 - 2 cos.

    Grill et al., NeurIPS 2020, equation 2. It covers one order of the views; the method adds the
    other. Computed in float32.

    Args:
        prediction: (B, D) output of the predictor.
        target: (B, D) output of the target network; it gets no gradient.

    Returns:
        Scalar, 0 to 4.
    """
    cosines = F.cosine_similarity(prediction.float(), target.detach().float(), dim=1)
    return (2 - 2 * cosines).mean()
