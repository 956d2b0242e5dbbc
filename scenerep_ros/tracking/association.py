"""Scores for the association of tracked objects with the segments of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.tracking.detections import FrameDetections

Points = NDArray[np.float32]


@dataclass(frozen=True)
class AssociationConstants:
    """Tuned constants of the association."""

    overlap_weight: float = tuned(
        0.8,
        "weight of the overlap; feature similarity has the rest",
        set_on="not recorded; mean features of the objects on one table are nearly alike",
    )
    drift_px: float = tuned(
        16.0,
        "standard deviation of the drift of an object that is not visible, per frame",
        unit="px",
        grid="tracking grid, 160 x 120 for an aspect of 4:3",
        set_on="not recorded",
    )
    min_feature_spread: float = tuned(
        1e-3,
        "smallest cosine distance between patches of one image that similarity is scaled by",
        set_on="guard against division by zero",
    )


CONSTANTS = AssociationConstants()


def association_scores(
    points: Sequence[Points],
    features: NDArray[np.float32],
    frames_lost: Sequence[int],
    detections: FrameDetections,
) -> NDArray[np.float64]:
    """Combine overlap with gated feature similarity.

    Overlap has the larger weight: mean features over a few patches differ little between the
    objects on one table, and change with the view.

    Args:
        points: T arrays (n, 2), expected u and v of each track's pixels on the tracking grid [px];
            empty for a track without an expected position.
        features: (T, C) float32, unit length.
        frames_lost: T numbers of frames since each track was last detected.
        detections: the K segments of the frame.

    Returns:
        (T, K) float64 in 0..1.
    """
    gate = motion_gate(points, frames_lost, detections)
    similarity = feature_similarity(features, detections)
    overlap = mask_overlap(points, detections)
    weight = CONSTANTS.overlap_weight
    return weight * overlap + (1 - weight) * similarity * gate


def mask_overlap(points: Sequence[Points], detections: FrameDetections) -> NDArray[np.float64]:
    """Intersection over union (T, K) of expected and detected masks on the tracking grid."""
    count = len(detections.labels) + 1
    height, width = detections.index_map.shape
    # Discard expected pixels outside the image.
    u, v = np.rint(np.concatenate(points)).astype(np.intp).T
    is_inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    u, v, tracks = u[is_inside], v[is_inside], _track_indices(points)[is_inside]
    # Count the pixels of each pair of track and segment; column 0 is no segment.
    pairs = tracks * count + detections.index_map[v, u]
    intersection = np.bincount(pairs, minlength=len(points) * count).reshape(-1, count)
    areas = np.bincount(detections.index_map.ravel(), minlength=count)
    union = intersection.sum(axis=1, keepdims=True) + areas - intersection
    return (intersection / np.maximum(union, 1))[:, 1:]


def feature_similarity(
    features: NDArray[np.float32], detections: FrameDetections
) -> NDArray[np.float32]:
    """Cosine similarity (T, K) in 0..1, where 0 is the mean similarity of two patches of the image.

    The scaling is needed because all features of some networks, above all convnets, are alike.
    """
    mean_similarity = float(detections.mean_feature @ detections.mean_feature)
    distance = 1 - features @ detections.features.T
    spread = max(1 - mean_similarity, CONSTANTS.min_feature_spread)
    return (1 - distance / spread).clip(0, 1)


def motion_gate(
    points: Sequence[Points], frames_lost: Sequence[int], detections: FrameDetections
) -> NDArray[np.float64]:
    """Gaussian gate (T, K) in 0..1 on the distance between expected and detected centroid.

    The motion of a track that is not detected is modelled as a random walk, so its variance grows
    linearly with the number of frames. The gate is 1 for tracks without an expected position.
    """
    offsets = _centroids(points)[:, None] - _centroids(detections.points)
    distance = np.linalg.norm(offsets, axis=-1)
    variance = CONSTANTS.drift_px**2 * (1 + np.asarray(frames_lost, np.float64)[:, None])
    return np.nan_to_num(np.exp(-(distance**2) / (2 * variance)), nan=1.0)


def _centroids(points: Sequence[Points]) -> NDArray[np.float64]:
    """Means (T, 2) of the points; NaN for empty arrays."""
    tracks, coordinates = _track_indices(points), np.concatenate(points)
    sums = [np.bincount(tracks, coordinates[:, axis], len(points)) for axis in (0, 1)]
    with np.errstate(invalid="ignore"):
        return np.stack(sums, axis=1) / np.bincount(tracks, minlength=len(points))[:, None]


def _track_indices(points: Sequence[Points]) -> NDArray[np.intp]:
    """Index of the array that each row of the concatenated points belongs to."""
    return np.repeat(np.arange(len(points)), [len(array) for array in points])
