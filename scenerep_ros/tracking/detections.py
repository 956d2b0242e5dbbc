"""Segments of one frame, described for the association with tracked objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import UNLABELLED, Features, Segmentation
from scenerep_ros.ops.region_properties import measure_regions
from scenerep_ros.ops.unit_vectors import unit_rows
from scenerep_ros.tracking.optical_flow import tracking_grid_shape


@dataclass(frozen=True)
class DetectionConstants:
    """Tuned constants of the description of segments."""

    first_pixel_weight: float = tuned(
        1e-3,
        "weight of a segment's first pixel in its mean feature, relative to a tracking-grid pixel",
        set_on="any value far below 1: it decides only for segments without a tracking-grid pixel",
    )


CONSTANTS = DetectionConstants()


@dataclass(frozen=True)
class FrameDetections:
    """The K segments of one frame, in reading order of their first pixel.

    The order depends on the segments alone, not on the numbers that the segmentation gave them. So
    no result of the tracker depends on these numbers.

    Attributes:
        labels: (K,) int64, the segmentation's numbers.
        features: (K, C) float32, unit length, mean feature of each segment's pixels.
        mean_feature: (C,) float32, mean of the unit features of the whole image.
        index_map: (h, w) int64 on the tracking grid, 1 + index of the segment; 0 for no segment.
        points: K arrays (n, 2) float32, u and v of each segment's pixels on the tracking grid.
    """

    labels: NDArray[np.int64]
    features: NDArray[np.float32]
    mean_feature: NDArray[np.float32]
    index_map: NDArray[np.int64]
    points: list[NDArray[np.float32]]


def extract_detections(segmentation: Segmentation, features: Features) -> FrameDetections:
    """Describe the segments of one frame."""
    shape = (segmentation.labels.shape[0], segmentation.labels.shape[1])
    # Sort the segments by their first pixel.
    statistics = measure_regions(segmentation.labels)
    order = np.argsort(statistics.first_pixels)
    labels, first_pixels = statistics.labels[order], statistics.first_pixels[order]
    index_map = _index_table(labels)[_downsample(segmentation.labels)]
    vectors, mean_feature = _mean_features(index_map, first_pixels, shape, features.grid)
    points = _points_of_indices(index_map, len(labels))
    return FrameDetections(labels, vectors, mean_feature, index_map, points)


def relabel(
    segmentation: Segmentation, detections: FrameDetections, ids: Sequence[int]
) -> NDArray[np.uint16]:
    """Replace the segmentation's numbers by ids (H, W).

    Args:
        segmentation: segments of a frame.
        detections: the K segments.
        ids: id of each of them.
    """
    table = np.zeros(UNLABELLED + 1, np.uint16)
    table[UNLABELLED] = UNLABELLED
    table[detections.labels] = ids
    return table.take(segmentation.labels)


def points_by_id(labels: NDArray[np.uint16]) -> dict[int, NDArray[np.float32]]:
    """Map each object id in (H, W) labels to u and v (n, 2) of its pixels on the tracking grid.

    Objects without a pixel on the tracking grid are left out.
    """
    reduced = _downsample(labels)
    ids = np.flatnonzero(np.bincount(reduced.ravel(), minlength=2)[1:UNLABELLED]) + 1
    points = _points_of_indices(_index_table(ids)[reduced], len(ids))
    return dict(zip(ids.tolist(), points, strict=True))


def _index_table(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lookup table (65536,) from each of the labels (K,) to 1..K, and to 0 from all others."""
    table = np.zeros(UNLABELLED + 1, np.int64)
    table[labels] = np.arange(1, len(labels) + 1)
    return table


def _downsample(labels: NDArray[Any]) -> NDArray[Any]:
    """Sample an image (H, W) at the pixels of its tracking grid."""
    shape = (labels.shape[0], labels.shape[1])
    v, u = (
        _sample_positions(count, length)
        for count, length in zip(tracking_grid_shape(shape), shape, strict=True)
    )
    return labels.take(v, axis=0).take(u, axis=1)


def _sample_positions(count: int, length: int) -> NDArray[np.intp]:
    """Centers (count,) of `count` equal intervals of `length` pixels."""
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)


def _points_of_indices(index_map: NDArray[np.int64], count: int) -> list[NDArray[np.float32]]:
    """Split the pixels of an index map (h, w) by index 1..count, each in reading order."""
    flat = index_map.ravel()
    # numpy's stable sort of 16 bit numbers is a radix sort.
    order = np.argsort(flat.astype(np.uint16), kind="stable")
    ends = np.cumsum(np.bincount(flat, minlength=count + 1))
    return np.split(_pixel_coordinates(*index_map.shape).take(order, axis=0), ends[:-1])[1:]


@lru_cache(maxsize=8)
def _pixel_coordinates(height: int, width: int) -> NDArray[np.float32]:
    """Column and row (height * width, 2) of each pixel."""
    v, u = np.indices((height, width), np.float32)
    return np.stack([u.ravel(), v.ravel()], axis=1)


def _mean_features(
    index_map: NDArray[np.int64],
    first_pixels: NDArray[np.int64],
    shape: tuple[int, int],
    grid: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Average the unit features of each segment, and of the whole image.

    Args:
        index_map: (h, w) as in `FrameDetections`.
        first_pixels: (K,) flat index of each segment's first pixel in the image.
        shape: height and width of the image.
        grid: (rows, columns, C) features.

    Returns:
        (K, C) float32 of unit length, and (C,) float32.
    """
    rows, columns = grid.shape[:2]
    height, width = index_map.shape
    count = len(first_pixels)
    # Count the tracking-grid pixels that each segment has in each patch.
    patch_map = _sample_positions(height, rows)[:, None] * columns + _sample_positions(
        width, columns
    )
    segment_patch = index_map * (rows * columns) + patch_map
    weights = np.bincount(segment_patch.ravel(), minlength=(count + 1) * rows * columns)
    weights = weights.reshape(-1, rows * columns).astype(np.float32)
    # Fall back on the patch of the first pixel for segments without a tracking-grid pixel.
    v, u = np.divmod(first_pixels, shape[1])
    first_patches = v * rows // shape[0] * columns + u * columns // shape[1]
    weights[np.arange(1, count + 1), first_patches] += CONSTANTS.first_pixel_weight
    # Average the unit features.
    patches = unit_rows(grid.reshape(rows * columns, -1))
    return unit_rows(weights[1:] @ patches), patches.mean(axis=0)
