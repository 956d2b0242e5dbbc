"""Foreground of frames without depth, from the CLS attention and the similarity of patches."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.clustering.affinity import affinity_matrix
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.ops.guided_filter import guided_filter
from scenerep_ros.ops.resize import resize_bilinear
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits

MIN_FOREGROUND_PROBABILITY = 0.5  # constant: equal odds
"""Probability from which a pixel is foreground."""


@dataclass(frozen=True)
class SaliencyConstants:
    """Tuned constants of foreground detection by attention."""

    diffusion_steps: int = tuned(
        3, "steps of the random walk that diffuses attention", set_on="not recorded"
    )
    min_attention_ratio: float = tuned(
        1.1,
        "ratio of a patch's attention to the image's mean from which the patch is foreground",
        set_on="not recorded",
    )
    log_attention_scale: float = tuned(
        0.1,
        "scale of the logistic function of the logarithm of attention",
        set_on="not recorded",
    )
    attention_weight: float = tuned(
        0.6,
        "weight of the logit of attention beside that of a foreground head",
        set_on="ECSSD, 105 odd images of 1-300 and 581-700",
    )
    pixels_per_patch: int = tuned(
        5,
        "side of a patch in the image on which the guided filter is fitted",
        unit="px",
        grid="filter grid",
        set_on="not recorded",
    )
    guide_scale: int = tuned(
        2,
        "pixels of the guide along a side of a pixel of the filter grid",
        unit="px",
        grid="guide",
        set_on="not recorded",
    )
    filter_radius_px: int = tuned(
        8,
        "radius of the guided filter; more than a patch, so that borders can move by a patch",
        unit="px",
        grid="filter grid",
        set_on="not recorded",
    )
    filter_epsilon: float = tuned(
        1e-4,
        "variance of color, 0..1, below which the guided filter sees no edge; a step of 0.01",
        set_on="not recorded",
    )


CONSTANTS = SaliencyConstants()


def diffuse_attention(features: Features) -> torch.Tensor:
    """Diffuse the CLS attention to patches that are similar to the attended ones.

    A head attends to a few discriminative patches of an object. A few steps of a random walk on the
    affinity graph spread their attention over the object.

    Args:
        features: features with attention.

    Returns:
        (h, w) float32 on the features' device, positive, relative to the image's mean.
    """
    assert features.attention is not None
    # Average the heads, each relative to its mean.
    heads = torch.nan_to_num(features.attention.float(), posinf=0.0).clamp_min(0).flatten(1)
    attention = (heads / heads.mean(dim=1, keepdim=True).clamp_min(1e-12)).mean(dim=0)
    # Walk on the affinity graph.
    affinities = affinity_matrix(feature_points(features, components=0))
    degrees = affinities.sum(dim=1)
    for _ in range(CONSTANTS.diffusion_steps):
        attention = affinities @ attention / degrees
    return attention.clamp_min(1e-12).unflatten(0, features.grid.shape[:2])


def foreground_probability(
    attention: torch.Tensor, logits: ForegroundLogits | None = None
) -> torch.Tensor:
    """Convert diffused attention to the probability that a patch is foreground.

    The logit of a foreground head is added to the weighted logit of the attention: the attention
    selects the objects of this image, the head recognizes them by what other images show.

    Args:
        attention: (h, w) float32, relative to the image's mean.
        logits: output of a foreground head, or None.

    Returns:
        (h, w) float32; without a head 0.5 at the ratio `min_attention_ratio`.
    """
    log_ratio = (attention / CONSTANTS.min_attention_ratio).log()
    attention_logit = log_ratio / CONSTANTS.log_attention_scale
    if logits is None:
        return torch.sigmoid(attention_logit)
    return torch.sigmoid(CONSTANTS.attention_weight * attention_logit + logits.salient)


def foreground_mask(probability: torch.Tensor, color: NDArray[np.uint8]) -> torch.Tensor:
    """Upsample a foreground probability to a mask whose borders follow color edges.

    Args:
        probability: (h, w) float32 on the feature grid.
        color: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) bool, on the probability's device.
    """
    rows, columns = (CONSTANTS.pixels_per_patch * patches for patches in probability.shape)
    # Resize the image to the guide.
    guide_size = columns * CONSTANTS.guide_scale, rows * CONSTANTS.guide_scale
    resized = cv2.resize(color, guide_size, interpolation=cv2.INTER_AREA)
    planes = torch.from_numpy(np.stack(cv2.split(resized)))
    guide = planes.to(probability.device).float() / 255
    # Filter the probability, then upsample and threshold it.
    upsampled = resize_bilinear(probability[None], (rows, columns))[0]
    filtered = guided_filter(guide, upsampled, CONSTANTS.filter_radius_px, CONSTANTS.filter_epsilon)
    return resize_bilinear(filtered[None], color.shape[:2])[0] > MIN_FOREGROUND_PROBABILITY
