"""Operations on label images of connected regions: labelling, filtering, growing, adjacency."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Labels = NDArray[np.int32]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

_BYTE_VALUES = 256  # constant: 8 bits


@dataclass(frozen=True)
class RegionConstants:
    """Tuned constants of region operations."""

    opening_size_px: int = tuned(
        3,
        "side of the square kernel of the binary opening",
        unit="px",
        grid="working grid, 320 columns",
        set_on="argument: width of the fringe of flying pixels of a Kinect",
    )
    adjacency_distance_px: int = tuned(
        2,
        "distance of two pixels that make their regions adjacent",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = RegionConstants()


def connected_regions(mask: Mask) -> Labels:
    """Number the connected regions (4 neighbours) of a mask 1..K; 0 elsewhere.

    >>> connected_regions(np.array([[True, False, True, True]])).tolist()
    [[1, 0, 2, 2]]
    """
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.asarray(labels, np.int32)


def binary_opening(mask: Mask) -> Mask:
    """Remove specks and the fringe of flying pixels of a depth camera from a mask (H, W)."""
    kernel = np.ones((CONSTANTS.opening_size_px, CONSTANTS.opening_size_px), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0


def region_areas(labels: Labels) -> NDArray[np.int64]:
    """Count the pixels (K + 1,) of each label, 0 included."""
    count = int(labels.max(initial=0)) + 1
    if count > _BYTE_VALUES:
        return np.bincount(labels.ravel())
    # OpenCV's histogram of bytes takes a third of the time; its counts are exact below 2^24.
    histogram = cv2.calcHist(
        [labels.astype(np.uint8)], [0], None, [_BYTE_VALUES], [0, _BYTE_VALUES]
    )
    return histogram[:count, 0].astype(np.int64)


def filter_labels(labels: Labels, keep: Mask) -> Labels:
    """Set labels to 0 and renumber the remaining ones without gaps, in the same order.

    Args:
        labels: (H, W) int32, 0..K.
        keep: (K + 1,) bool, true for the labels to keep; label 0 always stays 0.

    >>> filter_labels(np.array([[0, 1, 2, 3]], np.int32), np.array([0, 1, 0, 1], bool)).tolist()
    [[0, 1, 0, 2]]
    """
    new_label = np.zeros(len(keep), np.int32)
    kept = np.flatnonzero(keep[1:]) + 1
    new_label[kept] = np.arange(1, len(kept) + 1)
    return new_label.take(labels)


def filter_small_regions(labels: Labels, min_area_ratio: float) -> Labels:
    """Set regions to 0 whose ratio of the image area is smaller than `min_area_ratio`."""
    return filter_labels(labels, region_areas(labels) >= min_area_ratio * labels.size)


def region_growing(
    labels: Labels, mask: Mask, inverse_depth: Floats, threshold: float, max_distance_px: int
) -> Labels:
    """Grow regions pixel by pixel; each pixel joins the neighbour that is nearest in depth.

    Args:
        labels: (H, W) int32, 0 = unlabelled.
        mask: (H, W) bool, pixels that may be labelled.
        inverse_depth: (H, W) float32 [1/m], NaN without a measurement.
        threshold: step in inverse depth that regions do not grow across [1/m].
        max_distance_px: number of rounds, which is the largest distance of growth [px].

    Returns:
        (H, W) int32.
    """
    # Pad the image, so that every pixel has four neighbours at fixed offsets.
    padded = np.pad(labels, 1)
    flat_labels = padded.ravel()
    flat_depth = np.pad(inverse_depth, 1, constant_values=np.nan).ravel()
    pixels = np.flatnonzero(np.pad(mask & (labels == 0), 1))
    offsets = np.array([-1, 1, -padded.shape[1], padded.shape[1]])[:, None]
    is_open = np.zeros(padded.size, bool)
    is_open[pixels] = True
    last_position = np.empty(padded.size, np.intp)
    for _ in range(max_distance_px):
        # Find the labelled neighbour of each pixel with the smallest step in depth.
        neighbors = pixels + offsets
        step = np.abs(flat_depth.take(neighbors) - flat_depth.take(pixels))
        step[(flat_labels.take(neighbors) == 0) | np.isnan(step)] = np.inf
        nearest = step.argmin(axis=0), np.arange(len(pixels))
        # Label the pixels that are on its surface.
        is_reached = step[nearest] < threshold
        reached = pixels[is_reached]
        flat_labels[reached] = flat_labels[neighbors[nearest][is_reached]]
        # Only the neighbours of new labels can be reached in the next round.
        is_open[reached] = False
        beside = (reached + offsets).ravel()
        beside = beside[is_open.take(beside)]
        # Drop the repetitions: of equal numbers, the last one has written its position.
        positions = np.arange(len(beside))
        last_position[beside] = positions
        pixels = beside[last_position.take(beside) == positions]
    return padded[1:-1, 1:-1].copy()


def region_adjacency(
    labels: Labels, inverse_depth: Floats, distance_px: int = CONSTANTS.adjacency_distance_px
) -> tuple[Doubles, Doubles]:
    """Measure the common borders of all pairs of regions.

    Args:
        labels: (H, W) int32, 0..K.
        inverse_depth: (H, W) float32 [1/m].
        distance_px: distance along rows and columns of the pixels that are paired [px].

    Returns:
        (K + 1, K + 1) number of pixel pairs with labels i and j, and (K + 1, K + 1) mean inverse
        depth of j minus that of i over these pairs [1/m], positive where j is nearer.
    """
    count = int(labels.max()) + 1
    pair_count, total_step = np.zeros(count * count), np.zeros(count * count)
    for first, second in (
        (np.s_[:-distance_px], np.s_[distance_px:]),
        (np.s_[:, :-distance_px], np.s_[:, distance_px:]),
    ):
        # Select the pixel pairs of different regions.
        i, j = labels[first], labels[second]
        is_border = (i != j) & (i > 0) & (j > 0)
        step = inverse_depth[second][is_border] - inverse_depth[first][is_border]
        i, j = i[is_border], j[is_border]
        # Add them to the entries (i, j) and (j, i).
        for pair, signed_step in ((i * count + j, step), (j * count + i, -step)):
            pair_count += np.bincount(pair, minlength=count * count)
            total_step += np.bincount(pair, weights=signed_step, minlength=count * count)
    mean_step = total_step / np.maximum(pair_count, 1)
    return pair_count.reshape(count, count), mean_step.reshape(count, count)
