"""Method `attention`: one cluster a head of the last layer's CLS attention (Caron et al., DINO)."""

from __future__ import annotations

import torch

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features


def cluster_attention_heads(features: Features, mass: float) -> Clusters:
    """Use each head of the CLS attention as one cluster, and the rest as background.

    A patch belongs to the head with the largest attention among those whose mask contains it. The
    score is measured from the threshold of the head's mask, so it is continuous and falls below
    the background's at the border of the mask.

    Args:
        features: features of one image, with attention.
        mass: ratio of a head's attention that its mask keeps.

    Raises:
        ConfigError: if the backbone has no CLS token.
    """
    if features.attention is None:
        raise ConfigError(
            "method attention: the backbone has no CLS token (a convnet, or a ViT that pools its "
            "patches); choose method kmeans or kmeans_knee, or a ViT with a CLS token like "
            "vit_small_patch14_dinov2.lvd142m"
        )
    attention = _normalised(features.attention)
    scores = attention - _thresholds(attention, mass)
    background = torch.zeros_like(scores[:1])
    return Clusters(torch.cat([scores, background]), background=len(scores))


def attention_masks(attention: torch.Tensor, mass: float) -> torch.Tensor:
    """Keep, for each head, the fewest cells that hold a share of its attention.

    Args:
        attention: (n, h, w) float32, not negative.
        mass: share to keep, 0 to 1; DINO keeps 0.6.

    Returns:
        (n, h, w) bool; empty for a head that attends to nothing.
    """
    attention = _normalised(attention)
    return attention > _thresholds(attention, mass)


def _normalised(attention: torch.Tensor) -> torch.Tensor:
    """Let each head's attention over the cells sum to 1; what is not a number attends to nothing."""
    attention = torch.nan_to_num(attention.float(), nan=0.0, posinf=0.0, neginf=0.0).clamp(min=0)
    total = attention.sum((1, 2), keepdim=True)
    return attention / total.clamp(min=torch.finfo(torch.float32).tiny)


def _thresholds(attention: torch.Tensor, mass: float) -> torch.Tensor:
    """(n, 1, 1) value half way between the least cell to keep and the greatest to drop."""
    ordered = attention.flatten(1).sort(dim=1, descending=True).values
    before = ordered.double().cumsum(1) - ordered
    kept = ((before < mass - 1e-6) & (ordered > 0)).sum(1, keepdim=True)
    edges = torch.nn.functional.pad(ordered, (1, 0), value=2.0)  # above all attention
    edges = torch.nn.functional.pad(edges, (0, 1), value=0.0)
    return (0.5 * (edges.gather(1, kept) + edges.gather(1, kept + 1)))[:, :, None]
