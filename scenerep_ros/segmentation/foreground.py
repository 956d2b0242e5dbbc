"""What is foreground in a frame without depth: what is attended to, and what looks like it."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.cell_graph import weigh
from scenerep_ros.segmentation.guided_filter import guided_filter
from scenerep_ros.segmentation.points import feature_points

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

STEPS = 3
"""Of the walk from cell to cell that spreads attention."""
NOTICED = 1.1
"""Times the image's mean attention from which a cell is no background."""
SOFTNESS = 0.1
"""Of that threshold, in the logarithm of attention."""
CELL = 5
"""Pixels of the coarse image, on which the guided filter fits, a cell of the feature grid."""
FINER = 2
"""Pixels of the guide, to which the filter's fit is applied, a pixel of the coarse image."""
RADIUS = 8
"""Of the guided filter, pixels of the coarse image: a border may move by more than a cell."""
EPSILON = 1e-4
"""Of the guided filter: steps of colour below 0.01 are no edges."""


def walked_attention(features: Features) -> Floats:
    """The CLS token's attention to each cell, spread to the cells that look like it.

    A head looks at a few telling cells of a thing. So attention walks from cell to cell, to those
    that look alike: a few steps of a random walk on the graph that `cell_graph` weighs.

    Args:
        features: with attention.

    Returns:
        (h, w) float32, times the image's average, positive.
    """
    assert features.attention is not None
    heads = torch.nan_to_num(features.attention.float(), posinf=0.0).clamp_min(0).flatten(1)
    attention = (heads / heads.mean(dim=1, keepdim=True).clamp_min(1e-12)).mean(dim=0)
    weights = weigh(feature_points(features, components=0))
    degrees = weights.sum(dim=1)
    for _ in range(STEPS):
        attention = weights @ attention / degrees
    return attention.clamp_min(1e-12).unflatten(0, features.grid.shape[:2]).cpu().numpy()


def noticed(attention: Floats) -> Floats:
    """Probability (h, w) that a cell is foreground; 0.5 where attention is `NOTICED`."""
    return expit(np.log(attention / np.float32(NOTICED)) / np.float32(SOFTNESS))


def to_pixels(probability: Floats, color: NDArray[np.uint8]) -> Mask:
    """Enlarge a probability on the feature grid to a mask whose borders follow colour.

    Args:
        probability: (h, w) float32.
        color: (H, W, 3) uint8.

    Returns:
        (H, W) bool.
    """
    rows, columns = probability.shape
    size = (columns * CELL, rows * CELL)
    small = cv2.resize(color, (size[0] * FINER, size[1] * FINER), interpolation=cv2.INTER_AREA)
    guide = small.astype(np.float32) / np.float32(255)
    wide = np.asarray(cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR), np.float32)
    refined = guided_filter(guide, wide, RADIUS, EPSILON)
    return cv2.resize(refined, color.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
