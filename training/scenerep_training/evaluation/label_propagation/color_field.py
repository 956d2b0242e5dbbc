"""A small random field that lets the borders of labels follow the borders of colour.

Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials"
(NeurIPS 2011), in the local form of Teichmann and Cipolla, "Convolutional CRFs for Semantic
Segmentation" (BMVC 2019): mean-field steps over the pixels of a window.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

REACH = 2
"""Neighbours each way."""
STEP = 3
"""Pixels from one neighbour to the next."""
COLOR = 7.0
"""Difference in CIELAB at which neighbours hardly speak for each other."""
PLACE = 5.0
"""Distance, pixels, at which they hardly do."""
STRENGTH = 5.0
"""Of all neighbours together, against the pixel's own scores."""
STEPS = 5


def refine(scores: torch.Tensor, color: torch.Tensor) -> torch.Tensor:
    """Draw each pixel towards the labels of its neighbours in like colours.

    Args:
        scores: (K, H, W) float32, logarithms of the labels' likelihood.
        color: (3, H, W) float32, CIELAB.

    Returns:
        (K, H, W) float32, probabilities.
    """
    weights = _affinity(color)
    probable = scores.softmax(0)
    for _ in range(STEPS):
        around = _neighbours(probable)
        votes = torch.stack([(weights * plane).sum(0) for plane in around.unbind(1)])
        probable = (scores + STRENGTH * votes).softmax(0)
    return probable


def _affinity(color: torch.Tensor) -> torch.Tensor:
    """(N, H, W), weights of each pixel's neighbours, which sum to at most 1."""
    difference = (_neighbours(color) - color).square().sum(1)
    distance = torch.tensor([y * y + x * x for y, x in _offsets()], device=color.device)
    exponent = difference / (2 * COLOR**2) + distance.view(-1, 1, 1) / (2 * PLACE**2)
    weights = torch.exp(-exponent)
    return weights / weights.sum(0).clamp_min(1e-3)


def _neighbours(planes: torch.Tensor) -> torch.Tensor:
    """(N, K, H, W) views of (K, H, W) planes, shifted by each offset; borders are repeated."""
    height, width = planes.shape[1:]
    margin = REACH * STEP
    padded = F.pad(planes[None], (margin,) * 4, mode="replicate")[0]
    return torch.stack(
        [
            padded[:, margin + y : margin + y + height, margin + x : margin + x + width]
            for y, x in _offsets()
        ]
    )


def _offsets() -> list[tuple[int, int]]:
    span = range(-REACH * STEP, REACH * STEP + 1, STEP)
    return [(y, x) for y in span for x in span if (y, x) != (0, 0)]
