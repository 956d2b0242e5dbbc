"""Conditional random field that aligns the borders of labels with color edges.

Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials"
(NeurIPS 2011), in the local form of Teichmann and Cipolla, "Convolutional CRFs for Semantic
Segmentation" (BMVC 2019): mean-field steps over the pixels of a window.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

NEIGHBOR_RADIUS = 2
"""Number of neighbors each way."""
DILATION_PX = 3
"""Distance of adjacent neighbors."""
COLOR_SIGMA = 7.0
"""Standard deviation of the color kernel in CIELAB."""
POSITION_SIGMA_PX = 5.0
"""Standard deviation of the position kernel."""
PAIRWISE_WEIGHT = 5.0
"""Weight of all neighbors together against the pixel's own scores."""
MEAN_FIELD_STEPS = 5


def refine_labels(scores: torch.Tensor, color: torch.Tensor) -> torch.Tensor:
    """Run mean-field inference: draw pixels to the labels of neighbors with similar color.

    Args:
        scores: (K, H, W) float32, log likelihoods of the labels.
        color: (3, H, W) float32, CIELAB.

    Returns:
        (K, H, W) float32, probabilities.
    """
    weights = _pairwise_weights(color)
    probabilities = scores.softmax(0)
    for _ in range(MEAN_FIELD_STEPS):
        neighbors = _shifted_views(probabilities)
        messages = torch.stack([(weights * plane).sum(0) for plane in neighbors.unbind(1)])
        probabilities = (scores + PAIRWISE_WEIGHT * messages).softmax(0)
    return probabilities


def _pairwise_weights(color: torch.Tensor) -> torch.Tensor:
    """(N, H, W), weights of each pixel's neighbors, which sum to at most 1."""
    color_distance = (_shifted_views(color) - color).square().sum(1)
    distance = torch.tensor([y * y + x * x for y, x in _offsets()], device=color.device)
    # Gaussian kernels of color and of position.
    exponent = color_distance / (2 * COLOR_SIGMA**2) + distance.view(-1, 1, 1) / (
        2 * POSITION_SIGMA_PX**2
    )
    weights = torch.exp(-exponent)
    return weights / weights.sum(0).clamp_min(1e-3)


def _shifted_views(planes: torch.Tensor) -> torch.Tensor:
    """(N, K, H, W) copies of (K, H, W) planes, shifted by each offset; borders are repeated."""
    height, width = planes.shape[1:]
    margin = NEIGHBOR_RADIUS * DILATION_PX
    padded = F.pad(planes[None], (margin,) * 4, mode="replicate")[0]
    return torch.stack(
        [
            padded[:, margin + y : margin + y + height, margin + x : margin + x + width]
            for y, x in _offsets()
        ]
    )


def _offsets() -> list[tuple[int, int]]:
    span = range(-NEIGHBOR_RADIUS * DILATION_PX, NEIGHBOR_RADIUS * DILATION_PX + 1, DILATION_PX)
    return [(y, x) for y in span for x in span if (y, x) != (0, 0)]
