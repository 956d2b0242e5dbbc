"""The loss of attention heads that are told where to look."""

from __future__ import annotations

import torch


def look_at_loss(scores: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
    """KL divergence of attention from attention spread evenly over a region.

    Zero where all attention is in the region, as much on each patch as the region covers of it.

    Args:
        scores: (B, n, N), attention of n heads to N tokens before the softmax.
        region: (B, N), share of each token that is the region's, 0 to 1; 0 of tokens that are no
            patch. Images without any of it are left out.

    Returns:
        Scalar float32, mean over images and heads; 0 where there is neither.
    """
    area = region.sum(1)
    wanted = (region / area.clamp(min=1e-6)[:, None])[:, None].float()
    missing = torch.xlogy(wanted, wanted) - wanted * scores.float().log_softmax(-1)
    there = (area > 0)[:, None].expand(scores.shape[:2])
    return (missing.sum(-1) * there).sum() / there.sum().clamp(min=1)
