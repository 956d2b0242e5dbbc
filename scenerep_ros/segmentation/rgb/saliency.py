"""What is foreground in a frame without depth: what is attended to, and what looks like it."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.clustering.affinity import weigh
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.frames import Features
from scenerep_ros.ops.guided_filter import guided_filter
from scenerep_ros.ops.resize import resize_bilinear

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


def walked_attention(features: Features) -> torch.Tensor:
    """The CLS token's attention to each cell, spread to the cells that look like it.

    A head looks at a few telling cells of a thing. So attention walks from cell to cell, to those
    that look alike: a few steps of a random walk on the graph that `cell_graph` weighs.

    Args:
        features: with attention.

    Returns:
        (h, w) float32, times the image's average, positive, on the features' device.
    """
    assert features.attention is not None
    heads = torch.nan_to_num(features.attention.float(), posinf=0.0).clamp_min(0).flatten(1)
    attention = (heads / heads.mean(dim=1, keepdim=True).clamp_min(1e-12)).mean(dim=0)
    weights = weigh(feature_points(features, components=0))
    degrees = weights.sum(dim=1)
    for _ in range(STEPS):
        attention = weights @ attention / degrees
    return attention.clamp_min(1e-12).unflatten(0, features.grid.shape[:2])


def noticed(attention: torch.Tensor) -> torch.Tensor:
    """Probability (h, w) that a cell is foreground; 0.5 where attention is `NOTICED`."""
    return torch.sigmoid((attention / NOTICED).log() / SOFTNESS)


def to_pixels(probability: torch.Tensor, color: NDArray[np.uint8]) -> torch.Tensor:
    """Enlarge a probability on the feature grid to a mask whose borders follow colour.

    Args:
        probability: (h, w) float32.
        color: (H, W, 3) uint8.

    Returns:
        (H, W) bool, on the probability's device.
    """
    rows, columns = (CELL * cells for cells in probability.shape)
    small = cv2.resize(color, (columns * FINER, rows * FINER), interpolation=cv2.INTER_AREA)
    planes = torch.from_numpy(np.stack(cv2.split(small)))
    guide = planes.to(probability.device).float() / 255
    wide = resize_bilinear(probability[None], (rows, columns))[0]
    refined = guided_filter(guide, wide, RADIUS, EPSILON)
    return resize_bilinear(refined[None], color.shape[:2])[0] > 0.5
