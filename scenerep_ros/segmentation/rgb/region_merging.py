"""Merging of the regions of one object in frames without depth, by features and color."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features

COLOR_LEVELS = 256  # constant: 8 bits
"""Number of values of a color channel with 8 bits."""
MAX_LIGHTNESS = 100  # constant: CIELAB
"""Largest lightness of CIELAB, which OpenCV scales to 255 in 8-bit images."""


@dataclass(frozen=True)
class RegionMergingConstants:
    """Tuned constants of region merging without depth."""

    min_centered_similarity: float = tuned(
        0.5,
        "cosine similarity from which two regions are merged, of features minus the image's mean",
        set_on="not recorded",
    )
    min_similarity: float = tuned(
        0.8,
        "cosine similarity from which two regions are merged, of features as they are: the mean of "
        "an image that one object fills is the feature of this object",
        set_on="not recorded",
    )
    max_median_lab_distance: float = tuned(
        30.0,
        "distance in CIELAB between the median colors of two regions from which they are not merged",
        set_on="DAVIS-2016: up to 20 between adjacent regions of one object, above 30 for two thirds "
        "of the others",
    )
    color_sampling_step: int = tuned(
        2,
        "distance between the pixels that the median color is computed from",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = RegionMergingConstants()


def merge_similar_regions(
    regions: torch.Tensor,
    count: int,
    foreground: torch.Tensor,
    features: Features,
    color: NDArray[np.uint8],
) -> torch.Tensor:
    """Give regions with similar features and colors one label.

    Args:
        regions: (H, W) int64, 0..count - 1, on the features' device.
        count: number of regions.
        foreground: (H, W) bool, the pixels that count.
        features: grid (h, w, C).
        color: (H, W, 3) uint8 RGB.

    Returns:
        (count,) int64, the label of each region, 1..K; 0 for regions without foreground.
    """
    # Measure the colors and the patches of the regions within the foreground.
    sample = np.s_[:: CONSTANTS.color_sampling_step, :: CONSTANTS.color_sampling_step]
    colors = _median_lab_colors(regions[sample], count, foreground[sample], color[sample])
    coverage = _patch_coverage(regions, count, foreground, features.grid.shape[:2])
    is_present = coverage.sum(dim=1) > 0
    # Merge the connected components of the graph of similar regions.
    is_similar = _have_similar_features(coverage, feature_points(features, components=0))
    is_similar &= _have_similar_colors(colors) & is_present & is_present[:, None]
    index = torch.arange(count, device=regions.device)
    representative = _smallest_connected_node(is_similar | (index == index[:, None]))
    label = (is_present & (representative == index)).cumsum(0)
    return label[representative] * is_present


def _smallest_connected_node(adjacency: torch.Tensor) -> torch.Tensor:
    """Find the smallest node (n,) of each node's component in a reflexive graph (n, n)."""
    # Square the adjacency until all nodes of a component are adjacent.
    for _ in range(len(adjacency).bit_length()):
        adjacency = adjacency.float() @ adjacency.float() > 0
    index = torch.arange(len(adjacency), device=adjacency.device)
    return torch.where(adjacency, index, len(adjacency)).amin(dim=1)


def _patch_coverage(
    regions: torch.Tensor, count: int, mask: torch.Tensor, grid: tuple[int, ...]
) -> torch.Tensor:
    """Count the pixels of each region in each patch.

    Args:
        regions: (H, W) int64, 0..count - 1.
        count: number of regions.
        mask: (H, W) bool, the pixels that count.
        grid: rows and columns of the feature grid.

    Returns:
        (count, rows * columns) float32.
    """
    row, column = (
        torch.arange(length, device=regions.device) * patches // length
        for length, patches in zip(regions.shape, grid, strict=True)
    )
    patch = row[:, None] * grid[1] + column
    patch_count = grid[0] * grid[1]
    return _histogram(regions * patch_count + patch, mask, (count, patch_count))


def _histogram(index: torch.Tensor, mask: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Count the pixels in a mask (H, W) by their flat index (H, W) into an array of a shape."""
    counts = torch.zeros(shape, device=index.device)
    counts.view(-1).scatter_add_(0, index.flatten(), mask.flatten().float())
    return counts


def _have_similar_features(coverage: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Compare the mean features of all pairs of regions.

    Args:
        coverage: (n, N) float32, pixels of each region in each patch.
        points: (N, C) float32, unit-length features of the patches.

    Returns:
        (n, n) bool.
    """
    centered = normalize(coverage @ (points - points.mean(dim=0)), dim=1)
    uncentered = normalize(coverage @ points, dim=1)
    return (centered @ centered.T > CONSTANTS.min_centered_similarity) | (
        uncentered @ uncentered.T > CONSTANTS.min_similarity
    )


def _median_lab_colors(
    regions: torch.Tensor, count: int, mask: torch.Tensor, color: NDArray[np.uint8]
) -> torch.Tensor:
    """Compute the median CIELAB color of each region from histograms, to one unit.

    Args:
        regions: (H, W) int64, 0..count - 1.
        count: number of regions.
        mask: (H, W) bool, the pixels that count.
        color: (H, W, 3) uint8 RGB.

    Returns:
        (count, 3) float32; a and b have OpenCV's offset of 128.
    """
    lab = torch.from_numpy(np.asarray(cv2.cvtColor(color, cv2.COLOR_RGB2LAB))).to(regions.device)
    base = regions * COLOR_LEVELS
    histograms = torch.stack(
        [_histogram(base + channel, mask, (count, COLOR_LEVELS)) for channel in lab.unbind(dim=2)]
    )
    # The median is the first level at which half of the pixels are reached.
    cumulative = histograms.cumsum(dim=2)
    median = (cumulative < cumulative[..., -1:] / 2).sum(dim=2).float()
    median[0] *= MAX_LIGHTNESS / (COLOR_LEVELS - 1)
    return median.T


def _have_similar_colors(colors: torch.Tensor) -> torch.Tensor:
    """Compare the colors (n, 3) of all pairs of regions; returns (n, n) bool."""
    return torch.cdist(colors, colors) < CONSTANTS.max_median_lab_distance
