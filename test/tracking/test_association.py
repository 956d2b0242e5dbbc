"""Scores between tracks and segments."""

import numpy as np
import pytest
from discs import DISCS, disc_labels, features_of

from scenerep_ros.frames import Segmentation
from scenerep_ros.tracking.association import (
    CONSTANTS,
    association_scores,
    feature_similarity,
    mask_overlap,
    motion_gate,
)
from scenerep_ros.tracking.detections import FrameDetections, extract_detections

NO_POINTS = np.empty((0, 2), np.float32)


def square(left: int, top: int, side: int = 10) -> np.ndarray:
    """Points (side * side, 2) of a square on the tracking grid."""
    v, u = np.indices((side, side), np.float32)
    return np.stack([u.ravel() + left, v.ravel() + top], axis=1)


def detections_at(*points: np.ndarray, features: np.ndarray | None = None) -> FrameDetections:
    """Segments on a tracking grid of 120x160, with orthogonal features by default."""
    index_map = np.zeros((120, 160), np.int64)
    for index, segment in enumerate(points, start=1):
        u, v = segment.astype(int).T
        index_map[v, u] = index
    if features is None:
        features = np.eye(len(points), 4, dtype=np.float32)
    return FrameDetections(
        labels=np.arange(1, len(points) + 1),
        features=features,
        mean_feature=np.zeros(features.shape[1], np.float32),
        index_map=index_map,
        points=list(points),
    )


@pytest.fixture
def discs() -> FrameDetections:
    labels = disc_labels(DISCS)
    return extract_detections(Segmentation(labels), features_of(labels))


def test_association_scores_unchanged_frame_is_best_on_diagonal(discs):
    scores = association_scores(discs.points, discs.features, [0] * 4, discs)
    np.testing.assert_allclose(np.diag(scores), 1, atol=1e-6)
    assert (scores[~np.eye(4, dtype=bool)] <= 1 - CONSTANTS.overlap_weight).all()


def test_association_scores_combine_overlap_and_gated_similarity(discs):
    points, lost = [p + np.float32((4, -3)) for p in discs.points], [0, 1, 2, 3]
    weight = CONSTANTS.overlap_weight
    expected = weight * mask_overlap(points, discs) + (1 - weight) * feature_similarity(
        discs.features, discs
    ) * motion_gate(points, lost, discs)
    scores = association_scores(points, discs.features, lost, discs)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_mask_overlap_shifted_square_is_intersection_over_union():
    detections = detections_at(square(20, 20), square(60, 60))
    overlap = mask_overlap([square(25, 20), NO_POINTS], detections)
    np.testing.assert_allclose(overlap, [[50 / 150, 0], [0, 0]])


def test_mask_overlap_ignores_expected_pixels_outside_image():
    detections = detections_at(square(0, 0))
    # Only the right half of the expected square is inside the image.
    overlap = mask_overlap([square(-5, 0)], detections)
    np.testing.assert_allclose(overlap, [[50 / 100]])


def test_feature_similarity_is_scaled_by_mean_feature():
    # Unit vectors with cosine 0.8; two patches of the image have cosine 0.6 on average.
    features = np.array([[1, 0], [0.8, 0.6]], np.float32)
    detections = detections_at(square(0, 0), square(20, 0), features=features)
    detections.mean_feature[:] = [0.6**0.5, 0]
    similarity = feature_similarity(features, detections)
    np.testing.assert_allclose(similarity, [[1, 0.5], [0.5, 1]], atol=1e-6)


def test_feature_similarity_below_mean_is_zero():
    features = np.array([[1, 0], [0, 1]], np.float32)
    detections = detections_at(square(0, 0), square(20, 0), features=features)
    detections.mean_feature[:] = [0.6, 0.6]
    np.testing.assert_allclose(feature_similarity(features, detections), np.eye(2), atol=1e-6)


def test_motion_gate_falls_with_distance_of_centroids():
    drift = CONSTANTS.drift_px
    detections = detections_at(square(10, 10), square(10 + round(drift), 10))
    gate = motion_gate([square(10, 10)], [0], detections)
    np.testing.assert_allclose(gate, [[1, np.exp(-0.5)]], rtol=1e-6)


def test_motion_gate_variance_grows_with_frames_lost():
    drift = round(CONSTANTS.drift_px)
    detections = detections_at(square(10 + 2 * drift, 10))
    gate = motion_gate([square(10, 10)] * 2, [0, 3], detections)
    np.testing.assert_allclose(gate, [[np.exp(-2)], [np.exp(-0.5)]], rtol=1e-6)


def test_motion_gate_without_expected_position_is_open():
    detections = detections_at(square(10, 10), square(100, 90))
    gate = motion_gate([NO_POINTS, square(100, 90)], [5, 0], detections)
    np.testing.assert_array_equal(gate[0], 1)
    assert gate[1, 0] < 1e-3
