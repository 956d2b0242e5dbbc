"""Clusters from the heads of the last layer's CLS attention (Caron et al., ICCV 2021)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features

MASS_ROUNDING = 1e-6  # constant: float32 rounding
"""Tolerance for rounding in the cumulative sum of attention."""


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
    attention = _normalize_heads(features.attention)
    scores = attention - _mask_thresholds(attention, mass)
    background = np.zeros_like(scores[:1])
    return Clusters(np.concatenate([scores, background]), background=len(scores))


def attention_masks(attention: NDArray[np.float32], mass: float) -> NDArray[np.bool_]:
    """Keep, for each head, the fewest patches that hold a ratio of its attention.

    Args:
        attention: (n, h, w) float32, not negative.
        mass: ratio to keep, 0 to 1; DINO keeps 0.6.

    Returns:
        (n, h, w) bool; empty for a head without attention.
    """
    attention = _normalize_heads(attention)
    return attention > _mask_thresholds(attention, mass)


def _normalize_heads(attention: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each head's attention to a sum of 1; values that are not finite become 0."""
    attention = np.where(np.isfinite(attention), np.maximum(attention, 0), np.float32(0))
    total = attention.sum((1, 2), keepdims=True)
    return attention / np.maximum(total, np.finfo(np.float32).tiny)


def _mask_thresholds(attention: NDArray[np.float32], mass: float) -> NDArray[np.float32]:
    """Compute the threshold between the smallest kept and the largest dropped patch of each head.

    Args:
        attention: (n, h, w) float32; the sum of a head is 1, or 0.
        mass: ratio of a head's attention to keep.

    Returns:
        (n, 1, 1) float32, the mean of both patches' attention.
    """
    # Count the patches to keep, in descending order of attention.
    ordered = np.sort(attention.reshape(len(attention), -1))[:, ::-1]
    mass_before = ordered.cumsum(1, np.float64) - ordered
    kept_count = ((mass_before < mass - MASS_ROUNDING) & (ordered > 0)).sum(1)
    # Pad with values above and below all attention, for heads that keep no or every patch.
    bounded = np.pad(ordered, [(0, 0), (1, 1)], constant_values=(2.0, 0.0))
    # Take the mean of the values on both sides of the border.
    head = np.arange(len(bounded))
    return (0.5 * (bounded[head, kept_count] + bounded[head, kept_count + 1]))[:, None, None]
