"""Description of a frame's segments for the association."""

import numpy as np
import pytest
from discs import DISCS, SHAPE, VECTORS, disc_labels, features_of
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import UNLABELLED, Features, Segmentation
from scenerep_ros.tracking.detections import extract_detections, points_by_id, relabel
from scenerep_ros.tracking.optical_flow import tracking_grid_shape

GRID_SHAPE = tracking_grid_shape(SHAPE)
GRID_SCALE = GRID_SHAPE[1] / SHAPE[1]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors to unit length."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_extract_detections_orders_segments_by_first_pixel():
    labels = disc_labels(DISCS)
    detections = extract_detections(Segmentation(labels), features_of(labels))
    # Top rows of the discs: 10 for label 2, 30 for 1, 145 for 4 and 155 for 3.
    assert detections.labels.tolist() == [2, 1, 4, 3]


@pytest.mark.parametrize("largest", [3, 254, 255, 300])
def test_relabel_equals_replacement_of_each_label(largest):
    labels = np.random.default_rng(0).choice([0, 1, 2, largest, UNLABELLED], SHAPE).astype(np.int32)
    segmentation = Segmentation(labels)
    detections = extract_detections(segmentation, features_of(disc_labels(DISCS)))
    ids = [40, 30_000, 7]
    expected = np.where(labels == UNLABELLED, UNLABELLED, 0)
    for label, id_ in zip(detections.labels.tolist(), ids, strict=True):
        expected[labels == label] = id_
    result = relabel(segmentation, detections, ids)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, expected)


def test_extract_detections_points_lie_around_disc_centers():
    labels = disc_labels(DISCS)
    detections = extract_detections(Segmentation(labels), features_of(labels))
    for label, points in zip(detections.labels.tolist(), detections.points, strict=True):
        u, v, radius = DISCS[label]
        np.testing.assert_allclose(points.mean(axis=0), np.array([u, v]) * GRID_SCALE, atol=0.6)
        assert abs(len(points) - np.pi * (radius * GRID_SCALE) ** 2) < 0.1 * len(points) + 5


def test_extract_detections_index_map_matches_points():
    labels = disc_labels(DISCS)
    labels[:, :20] = UNLABELLED
    detections = extract_detections(Segmentation(labels), features_of(labels))
    assert detections.index_map.shape == GRID_SHAPE
    expected = np.zeros(GRID_SHAPE, np.int64)
    for index, points in enumerate(detections.points, start=1):
        u, v = points.astype(int).T
        expected[v, u] = index
    np.testing.assert_array_equal(detections.index_map, expected)


def test_extract_detections_uniform_segment_has_its_feature():
    labels = np.ones(SHAPE, np.int32)
    labels[:, 160:] = 2
    detections = extract_detections(Segmentation(labels), features_of(labels))
    expected = unit(VECTORS[1:3])
    np.testing.assert_allclose(detections.features, expected, atol=1e-5)
    np.testing.assert_allclose(detections.mean_feature, expected.mean(0), atol=1e-5)


def test_extract_detections_feature_weights_patches_by_area():
    grid = np.eye(4, dtype=np.float32).reshape(2, 2, 4)
    labels = np.zeros(SHAPE, np.int32)
    labels[:120, 80:240] = 1  # half of the upper left patch, half of the upper right one
    labels[120:, 80:200] = 2  # half of the lower left patch, a quarter of the lower right one
    detections = extract_detections(Segmentation(labels), Features(grid, grid.mean((0, 1))))
    expected = np.array([[1, 1, 0, 0], [0, 0, 2, 1]]) / np.sqrt([[2], [5]])
    np.testing.assert_allclose(detections.features, expected, atol=1e-3)


def test_extract_detections_single_pixel_has_feature_of_its_patch():
    labels = np.zeros(SHAPE, np.int32)
    labels[101, 151] = 1
    grid = np.random.default_rng(0).standard_normal((6, 8, 16), np.float32)
    detections = extract_detections(Segmentation(labels), Features(grid, grid.mean((0, 1))))
    expected = unit(grid[101 * 6 // 240, 151 * 8 // 320])
    np.testing.assert_allclose(detections.features[0], expected, atol=1e-5)


def test_extract_detections_empty_frame_has_no_segments():
    labels = np.full(SHAPE, UNLABELLED, np.int32)
    detections = extract_detections(Segmentation(labels), features_of(labels))
    assert detections.labels.shape == (0,)
    assert detections.features.shape == (0, VECTORS.shape[1])
    assert detections.points == []
    assert not detections.index_map.any()


@given(permutation=st.permutations([1, 2, 3, 4]))
@settings(max_examples=10)
def test_extract_detections_permuted_labels_give_equal_description(permutation):
    labels = disc_labels(DISCS)
    features = features_of(labels)
    table = np.array([0, *permutation], np.int32)
    original = extract_detections(Segmentation(labels), features)
    permuted = extract_detections(Segmentation(table[labels]), features)
    np.testing.assert_array_equal(permuted.labels, table[original.labels])
    np.testing.assert_array_equal(permuted.features, original.features)
    np.testing.assert_array_equal(permuted.index_map, original.index_map)


def test_points_by_id_returns_points_of_each_object():
    labels = np.zeros(SHAPE, np.uint16)
    labels[:120], labels[120:] = 7, 65534
    labels[:, :2] = UNLABELLED
    points = points_by_id(labels)
    assert sorted(points) == [7, 65534]
    assert points[7][:, 1].max() < GRID_SHAPE[0] / 2 <= points[65534][:, 1].min()
    assert len(points[7]) == len(points[65534]) == GRID_SHAPE[0] // 2 * (GRID_SHAPE[1] - 1)


def test_points_by_id_without_objects_is_empty():
    assert points_by_id(np.zeros(SHAPE, np.uint16)) == {}
    assert points_by_id(np.full(SHAPE, UNLABELLED, np.uint16)) == {}
