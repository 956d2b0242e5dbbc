"""The cut of frames without depth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from segmenters import make_segmenter, segment
from table_tops import clusters_of, frame_of, table_scene, two_looks

from scenerep_ros.frames import Features, RGBDFrame


def attended(mask, labels, shape=(30, 40)):
    """Features that tell the mask's labels apart, with attention on some of them."""
    features = two_looks(mask, shape)
    coarse = cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_NEAREST)
    attention = torch.from_numpy(np.isin(coarse, labels)).float() + 0.1
    return Features(features.grid, features.pooled, (attention / attention.sum())[None])


def cut_color(regions, features):
    color = np.repeat(40 * regions[..., None], 3, axis=2).astype(np.uint8)
    return segment(make_segmenter(clusters=clusters_of(regions)), features, RGBDFrame(color)).labels


def test_without_depth_attention_tells_objects_from_background():
    _, mask = table_scene()
    labels = cut_color(mask + 1, attended(mask, [1, 3]))
    found = (labels == labels[300, 120], labels == labels[300, 500])
    for one, label in zip(found, (1, 3), strict=True):
        assert (one & (mask == label)).sum() / (
            one | (mask == label)
        ).sum() > 0.8  # cells are 16 pixels wide
    assert labels.max() == 2


def test_without_depth_regions_of_like_features_are_one_object():
    mask = np.zeros((240, 320), np.int32)
    mask[80:160, 100:160], mask[80:160, 160:220] = 1, 2
    apart = cut_color(mask + 1, attended(mask, [1, 2]))
    together = cut_color(mask + 1, attended(np.minimum(mask, 1), [1]))
    assert apart.max() == 2
    assert together.max() == 1


def test_a_crowd_without_depth_is_cut_into_parts():
    mask = np.zeros((240, 320), np.int32)
    mask[80:160] = 1
    features = attended(mask, [1])
    faint = (features.attention > features.attention.mean()).float() * 0.5 + 1
    crowd = Features(features.grid, features.pooled, faint)
    assert cut_color(mask + 1, features).max() == 1
    labels = cut_color(mask + 1, crowd)
    np.testing.assert_array_equal(labels > 0, cut_color(mask + 1, features) > 0)
    assert labels.max() == 4  # a third of the image, in parts of a twelfth


def test_a_method_that_knows_its_background_is_believed():
    mask = np.zeros((240, 320), np.int32)
    mask[80:160, 100:160] = 1
    assert not cut_color(np.zeros_like(mask), attended(mask, [0, 1])).any()


@pytest.mark.parametrize("shape", [(2, 2), (2, 500), (37, 21), (481, 643), (9, 1300)])
def test_without_depth_all_sizes_of_image_are_cut(shape):
    mask = np.zeros(shape, np.int32)
    mask[:, : shape[1] // 2] = 1
    labels = cut_color(mask + 1, attended(mask, [1]))
    np.testing.assert_array_equal(labels > 0, mask > 0)


def test_without_depth_borders_are_finer_than_the_coarse_grid():
    mask = np.zeros((480, 640), np.int32)
    mask[161:321, 201:421] = 1
    labels = cut_color(mask + 1, two_looks(mask))
    np.testing.assert_array_equal(labels, mask)


def test_depth_can_be_switched_off():
    depth, mask = table_scene()
    segmenter = make_segmenter(clusters=clusters_of(mask + 1), use_depth=False)
    labels = segment(segmenter, attended(mask, [2]), frame_of(depth)).labels
    assert labels.max() == 1
    assert labels[260, 340] == 1
