"""Loss of attention heads that are guided by a mask."""

from __future__ import annotations

import torch

EPSILON = 1e-6


def attention_guidance_loss(logits: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
    """Compute the KL divergence of attention from a uniform distribution over a region.

    It is 0 if all attention lies in the region, on each patch in proportion to the patch's share of
    the region.

    Args:
        logits: (B, n, N) attention logits of n heads for N tokens, before the softmax.
        region: (B, N) share of each token that belongs to the region, 0 to 1; 0 for tokens that are
            not patches. Images without any region are ignored.

    Returns:
        Scalar float32, mean over images and heads; 0 if there are none.
    """
    # Normalize the region to the target distribution.
    area = region.sum(1)
    target = (region / area.clamp(min=EPSILON)[:, None])[:, None].float()
    divergence = torch.xlogy(target, target) - target * logits.float().log_softmax(-1)
    # Average over the images that have a region.
    has_region = (area > 0)[:, None].expand(logits.shape[:2])
    return (divergence.sum(-1) * has_region).sum() / has_region.sum().clamp(min=1)
