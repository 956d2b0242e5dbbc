"""Foreground of frames without depth, from the CLS attention and the similarity of patches."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from scenerep_ros.clustering.affinity import affinity_matrix
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.ops.guided_filter import guided_filter
from scenerep_ros.ops.resize import resize_bilinear
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits

MIN_FOREGROUND_PROBABILITY = 0.5  # constant: equal odds
"""Probability from which a pixel is foreground."""
MIN_ATTENTION = 1e-12  # constant: prevents a division by zero and the logarithm of zero
"""Smallest diffused attention, and smallest mean of a head that it is divided by."""


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


def diffuse_attention(features: Features) -> NDArray[np.float32]:
    """Diffuse the CLS attention to patches that are similar to the attended ones.

    A head attends to a few discriminative patches of an object. A few steps of a random walk on the
    affinity graph spread their attention over the object.

    Args:
        features: features with attention.

    Returns:
        (h, w) float32, positive, relative to the image's mean.
    """
    assert features.attention is not None
    # Average the heads, each relative to its mean.
    heads = np.nan_to_num(features.attention, posinf=0.0).clip(min=0)
    heads /= np.maximum(heads.mean(axis=(1, 2), keepdims=True), MIN_ATTENTION)
    attention = heads.mean(axis=0).ravel()
    # Walk on the affinity graph.
    affinities = affinity_matrix(feature_points(features, components=0))
    degrees = affinities.sum(axis=1)
    for _ in range(CONSTANTS.diffusion_steps):
        attention = affinities @ attention / degrees
    return np.maximum(attention, MIN_ATTENTION).reshape(features.grid.shape[:2])


def foreground_probability(
    attention: NDArray[np.float32], logits: ForegroundLogits | None = None
) -> NDArray[np.float32]:
    """Convert diffused attention to the probability that a patch is foreground.

    The logit of a foreground head is added to the weighted logit of the attention: the attention
    selects the objects of this image, the head recognizes them by what other images show.

    Args:
        attention: (h, w) float32, relative to the image's mean.
        logits: output of a foreground head, or None.

    Returns:
        (h, w) float32; without a head 0.5 at the ratio `min_attention_ratio`.
    """
    log_ratio = np.log(attention / CONSTANTS.min_attention_ratio)
    attention_logit = log_ratio / CONSTANTS.log_attention_scale
    if logits is None:
        return expit(attention_logit)
    return expit(CONSTANTS.attention_weight * attention_logit + logits.salient)


def foreground_mask(
    probability: NDArray[np.float32], color: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Upsample a foreground probability to a mask whose borders follow color edges.

    Args:
        probability: (h, w) float32 on the feature grid.
        color: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) bool.
    """
    rows, columns = (CONSTANTS.pixels_per_patch * patches for patches in probability.shape)
    # Resize the image to the guide.
    guide_size = columns * CONSTANTS.guide_scale, rows * CONSTANTS.guide_scale
    resized = cv2.resize(color, guide_size, interpolation=cv2.INTER_AREA)
    guide = np.stack(cv2.split(resized)).astype(np.float32)
    guide /= 255
    # Filter the probability, then upsample and threshold it.
    upsampled = resize_bilinear(probability[None], (rows, columns))[0]
    filtered = guided_filter(guide, upsampled, CONSTANTS.filter_radius_px, CONSTANTS.filter_epsilon)
    return resize_bilinear(filtered[None], color.shape[:2])[0] > MIN_FOREGROUND_PROBABILITY
