"""Which regions of one image are parts of one thing, without depth: by their look and colour."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.frames import Features

ALIKE = 0.5
"""Cosine similarity from which two regions are parts of one thing, without what all of the image
shares."""
VERY_ALIKE = 0.8
"""The same with it: where a thing fills the image, what the image shares is its own look."""
OTHER_COLOR = 30.0
"""Distance in CIELAB between the median colours of two regions from which they are no one thing.
Of touching regions in DAVIS, those of one thing have at most 20, two thirds of the others more than
30."""
EVERY = 2
"""Rows, and columns, from one pixel whose colour is looked at to the next."""
LEVELS = 256
"""Of a colour channel in 8 bits, of which histograms are made."""


def join_regions(
    regions: torch.Tensor,
    count: int,
    foreground: torch.Tensor,
    features: Features,
    color: NDArray[np.uint8],
) -> torch.Tensor:
    """Give regions that look like parts of one thing one number.

    Args:
        regions: (H, W) int64, 0..count - 1, on the features' device.
        count: of numbers that regions may have.
        foreground: (H, W) bool, the pixels that count.
        features: grid (h, w, C).
        color: (H, W, 3) uint8.

    Returns:
        (count,) int64, the number of each region, 1..; 0 for those without foreground.
    """
    some = np.s_[::EVERY, ::EVERY]
    colors = _colors(regions[some], count, foreground[some], color[some])
    hits = _cell_hits(regions, count, foreground, features.grid.shape[:2])
    present = hits.sum(dim=1) > 0
    joined = _look_alike(hits, feature_points(features, components=0))
    joined &= _near(colors) & present & present[:, None]
    index = torch.arange(count, device=regions.device)
    least = _least_reached(joined | (index == index[:, None]))
    numbers = (present & (least == index)).cumsum(0)
    return numbers[least] * present


def _least_reached(joined: torch.Tensor) -> torch.Tensor:
    """Find the least node (n,) of each node's component, of who is joined with whom (n, n)."""
    for _ in range(len(joined).bit_length()):
        joined = joined.float() @ joined.float() > 0
    index = torch.arange(len(joined), device=joined.device)
    return torch.where(joined, index, len(joined)).amin(dim=1)


def _cell_hits(
    regions: torch.Tensor, count: int, counted: torch.Tensor, grid: tuple[int, ...]
) -> torch.Tensor:
    """Count the pixels (count, cells) float32 that each region has in each cell."""
    row, column = (
        torch.arange(length, device=regions.device) * cells // length
        for length, cells in zip(regions.shape, grid, strict=True)
    )
    cell = row[:, None] * grid[1] + column
    return _counts(regions * (grid[0] * grid[1]) + cell, counted, (count, grid[0] * grid[1]))


def _counts(index: torch.Tensor, counted: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Count how often flat indices (H, W) name each place of a shape, where counted (H, W)."""
    counts = torch.zeros(shape, device=index.device)
    counts.view(-1).scatter_add_(0, index.flatten(), counted.flatten().float())
    return counts


def _look_alike(hits: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """(n, n): whether two regions have like features."""
    own = normalize(hits @ (points - points.mean(dim=0)), dim=1)
    whole = normalize(hits @ points, dim=1)
    return (own @ own.T > ALIKE) | (whole @ whole.T > VERY_ALIKE)


def _colors(
    regions: torch.Tensor, count: int, counted: torch.Tensor, color: NDArray[np.uint8]
) -> torch.Tensor:
    """Median CIELAB colour (count, 3) of each region's pixels that count, to one unit."""
    lab = torch.from_numpy(np.asarray(cv2.cvtColor(color, cv2.COLOR_RGB2LAB))).to(regions.device)
    base = regions * LEVELS
    hits = torch.stack(
        [_counts(base + channel, counted, (count, LEVELS)) for channel in lab.unbind(dim=2)]
    )
    below = hits.cumsum(dim=2)
    median = (below < below[..., -1:] / 2).sum(dim=2).float()
    median[0] *= 100 / (LEVELS - 1)  # OpenCV stretches lightness to 8 bits, and shifts the others
    return median.T


def _near(colors: torch.Tensor) -> torch.Tensor:
    return torch.cdist(colors, colors) < OTHER_COLOR
