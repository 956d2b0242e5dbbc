"""Merging of the regions of one object in frames without depth, by features and color."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows

Mask = NDArray[np.bool_]

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
    regions: NDArray[np.int64],
    count: int,
    foreground: Mask,
    features: Features,
    color: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """Give regions with similar features and colors one label.

    Args:
        regions: (H, W) int64, 0..count - 1.
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
    is_present = coverage.any(axis=1)
    # Merge the connected components of the graph of similar regions.
    is_similar = _have_similar_features(
        coverage[is_present], feature_points(features, components=0)
    )
    is_similar &= _have_similar_colors(colors[is_present])
    _, component = connected_components(is_similar, directed=False)
    label = np.zeros(count, np.int64)
    label[is_present] = component + 1
    return label


def _patch_coverage(
    regions: NDArray[np.int64], count: int, mask: Mask, grid: tuple[int, ...]
) -> NDArray[np.float32]:
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
        np.arange(length) * patches // length
        for length, patches in zip(regions.shape, grid, strict=True)
    )
    patch = row[:, None] * grid[1] + column
    patch_count = grid[0] * grid[1]
    pixels = (regions * patch_count + patch)[mask]
    return _histogram(pixels, (count, patch_count)).astype(np.float32)


def _histogram(index: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Count pixels by their flat index (P,) into an array of a shape."""
    return np.bincount(index, minlength=shape[0] * shape[1]).reshape(shape)


def _have_similar_features(coverage: NDArray[np.float32], points: NDArray[np.float32]) -> Mask:
    """Compare the mean features of all pairs of regions.

    Args:
        coverage: (n, N) float32, pixels of each region in each patch.
        points: (N, C) float32, unit-length features of the patches.

    Returns:
        (n, n) bool.
    """
    centered = unit_rows(coverage @ (points - points.mean(axis=0)))
    uncentered = unit_rows(coverage @ points)
    return (centered @ centered.T > CONSTANTS.min_centered_similarity) | (
        uncentered @ uncentered.T > CONSTANTS.min_similarity
    )


def _median_lab_colors(
    regions: NDArray[np.int64], count: int, mask: Mask, color: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Compute the median CIELAB color of each region from histograms, to one unit.

    Args:
        regions: (H, W) int64, 0..count - 1.
        count: number of regions.
        mask: (H, W) bool, the pixels that count.
        color: (H, W, 3) uint8 RGB.

    Returns:
        (count, 3) float32; a and b have OpenCV's offset of 128.
    """
    lab, base = cv2.cvtColor(color, cv2.COLOR_RGB2LAB)[mask], regions[mask] * COLOR_LEVELS
    histograms = np.stack([_histogram(base + channel, (count, COLOR_LEVELS)) for channel in lab.T])
    # The median is the first level at which half of the pixels are reached.
    cumulative = histograms.cumsum(axis=2)
    median = (cumulative < cumulative[..., -1:] / 2).sum(axis=2).astype(np.float32)
    median[0] *= MAX_LIGHTNESS / (COLOR_LEVELS - 1)
    return median.T


def _have_similar_colors(colors: NDArray[np.float32]) -> Mask:
    """Compare the colors (n, 3) of all pairs of regions; returns (n, n) bool."""
    distances = np.linalg.norm(colors[:, None] - colors, axis=2)
    return distances < CONSTANTS.max_median_lab_distance
