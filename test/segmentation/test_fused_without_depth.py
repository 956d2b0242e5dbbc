"""Method `fused` on frames without depth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from segmenters import make_segmenter, segment
from table_tops import clusters_from_labels, gray_frame, label_features, table_with_boards

from scenerep_ros.frames import Features, RGBDFrame


def attended_features(mask, attended_labels, grid=(30, 40)):
    """Features that separate the labels of a mask, with attention on some of them."""
    features = label_features(mask, grid)
    patches = cv2.resize(mask.astype(np.float32), grid[::-1], interpolation=cv2.INTER_NEAREST)
    attention = np.isin(patches, attended_labels) + np.float32(0.1)
    return Features(features.grid, features.pooled, (attention / attention.sum())[None])


def segment_color(cluster_labels, features):
    """Segment a frame in which each cluster has its own gray level."""
    color = np.repeat(40 * cluster_labels[..., None], 3, axis=2).astype(np.uint8)
    segmenter = make_segmenter(clusters=clusters_from_labels(cluster_labels))
    return segment(segmenter, features, RGBDFrame(color)).labels


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def test_attended_boards_are_objects():
    _, mask = table_with_boards()
    labels = segment_color(mask + 1, attended_features(mask, [1, 3]))
    assert labels.max() == 2
    assert iou(labels == labels[300, 120], mask == 1) > 0.8  # patches are 16 pixels wide
    assert iou(labels == labels[300, 500], mask == 3) > 0.8


def test_disconnected_regions_of_one_cluster_are_two_objects():
    cluster_labels = np.ones((60, 80), np.int32)
    cluster_labels[20:40, 10:30] = 2
    cluster_labels[20:40, 50:70] = 2
    features = Features(np.ones((6, 8, 4), np.float32), np.ones(4, np.float32))
    labels = segment_color(cluster_labels, features)
    assert labels.max() == 2
    np.testing.assert_array_equal(labels > 0, cluster_labels == 2)


def test_adjacent_regions_merge_only_with_similar_features():
    mask = np.zeros((240, 320), np.int32)
    mask[80:160, 100:160], mask[80:160, 160:220] = 1, 2
    different = segment_color(mask + 1, attended_features(mask, [1, 2]))
    equal = segment_color(mask + 1, attended_features(np.minimum(mask, 1), [1]))
    assert different.max() == 2
    assert equal.max() == 1


def test_clutter_is_split_into_segments():
    mask = np.zeros((240, 320), np.int32)
    mask[80:160] = 1
    features = attended_features(mask, [1])
    is_attended = features.attention > features.attention.mean()
    faint = np.where(is_attended, np.float32(1.5), np.float32(1))
    clutter = Features(features.grid, features.pooled, faint)
    salient_labels = segment_color(mask + 1, features)
    labels = segment_color(mask + 1, clutter)
    np.testing.assert_array_equal(labels > 0, salient_labels > 0)
    assert salient_labels.max() == 1
    assert labels.max() == 4  # a third of the image, in segments of a twelfth


def test_background_cluster_has_no_objects():
    mask = np.zeros((240, 320), np.int32)
    mask[80:160, 100:160] = 1
    assert not segment_color(np.zeros_like(mask), attended_features(mask, [0, 1])).any()


@pytest.mark.parametrize("shape", [(2, 2), (2, 500), (37, 21), (481, 643), (9, 1300)])
def test_attended_half_is_segmented_at_any_image_size(shape):
    mask = np.zeros(shape, np.int32)
    mask[:, : shape[1] // 2] = 1
    labels = segment_color(mask + 1, attended_features(mask, [1]))
    np.testing.assert_array_equal(labels > 0, mask > 0)


def test_borders_have_full_resolution_without_attention():
    mask = np.zeros((480, 640), np.int32)
    mask[161:321, 201:421] = 1
    labels = segment_color(mask + 1, label_features(mask))
    np.testing.assert_array_equal(labels, mask)


def test_use_depth_false_segments_by_attention():
    depth, mask = table_with_boards()
    segmenter = make_segmenter(clusters=clusters_from_labels(mask + 1), use_depth=False)
    labels = segment(segmenter, attended_features(mask, [2]), gray_frame(depth)).labels
    assert labels.max() == 1
    assert labels[260, 340] == 1
