"""Segmentation into the regions of clusters."""

from __future__ import annotations

import numpy as np
from segmenters import make_segmenter, segment
from table_tops import SHAPE, clusters_from_labels

from scenerep_ros.frames import BACKGROUND, KINECT, Features, RGBDFrame

FEATURES = Features(np.ones((15, 20, 4), np.float32), np.ones(4, np.float32))


def wall_with_boxes() -> np.ndarray:
    """Depth of a wall at 1.5 m and two adjacent boxes at 1.2 and 1.0 m."""
    depth = np.full(SHAPE, 1.5, np.float32)
    depth[150:330, 150:320] = 1.2
    depth[150:330, 320:490] = 1.0
    return depth


def segment_clusters(cluster_labels: np.ndarray, depth: np.ndarray | None, **options) -> np.ndarray:
    frame = RGBDFrame(np.zeros((*SHAPE, 3), np.uint8), depth, KINECT)
    segmenter = make_segmenter("kmeans", clusters_from_labels(cluster_labels), **options)
    return segment(segmenter, FEATURES, frame).labels


def test_one_cluster_is_split_at_wall_and_depth_discontinuity():
    labels = segment_clusters(np.ones(SHAPE, np.int32), wall_with_boxes())
    left, right = labels[240, 230], labels[240, 400]
    assert left != right
    assert BACKGROUND not in (left, right)
    assert (labels[:100] == BACKGROUND).all()
    assert labels.max() == 2


def test_two_clusters_on_one_surface_are_two_objects():
    cluster_labels = np.ones(SHAPE, np.int32)
    cluster_labels[:240] = 2
    labels = segment_clusters(cluster_labels, wall_with_boxes())
    assert labels[200, 230] != labels[280, 230]
    assert labels.max() == 4


def test_background_cluster_stays_background():
    cluster_labels = np.ones(SHAPE, np.int32)
    cluster_labels[:, :320] = 0
    labels = segment_clusters(cluster_labels, wall_with_boxes())
    assert (labels[:, :316] == BACKGROUND).all()
    assert labels[240, 400] == 1


def test_max_range_removes_far_objects():
    cluster_labels = np.ones(SHAPE, np.int32)
    labels = segment_clusters(cluster_labels, wall_with_boxes(), depth__max_range=1.1)
    assert labels[240, 230] == BACKGROUND
    assert labels[240, 400] > 0


def test_use_depth_false_equals_frame_without_depth():
    cluster_labels = np.ones(SHAPE, np.int32)
    cluster_labels[150:330, 150:320] = 2
    without_depth = segment_clusters(cluster_labels, None)
    ignored_depth = segment_clusters(cluster_labels, wall_with_boxes(), use_depth=False)
    np.testing.assert_array_equal(without_depth, ignored_depth)
    assert without_depth[240, 230] > 0
