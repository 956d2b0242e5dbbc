"""Operations on label images of connected regions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from scenerep_ros.ops.regions import (
    binary_opening,
    connected_regions,
    filter_labels,
    filter_small_regions,
    region_adjacency,
    region_areas,
    region_growing,
)

FLAT = np.ones((5, 9), np.float32)


def random_mask(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((20, 30)) < 0.6


@given(st.integers(0, 10**6))
def test_connected_regions_equals_scipy(seed):
    mask = random_mask(seed)
    labels, (expected, count) = connected_regions(mask), ndimage.label(mask)
    assert labels.dtype == np.int32
    assert labels.max() == count
    assert len(np.unique(np.stack([labels, expected]).reshape(2, -1), axis=1).T) == count + 1


def test_connected_regions_separates_diagonal_neighbors():
    assert connected_regions(np.eye(3, dtype=bool)).max() == 3


def test_binary_opening_removes_specks_and_keeps_blocks():
    mask = np.zeros((20, 20), bool)
    mask[5:12, 5:12] = True
    speckled = mask.copy()
    speckled[15, 15] = speckled[8, 12] = True
    np.testing.assert_array_equal(binary_opening(speckled), mask)


def test_region_areas_counts_background_first():
    assert region_areas(np.array([[0, 2, 2], [0, 0, 2]], np.int32)).tolist() == [3, 0, 3]


@pytest.mark.parametrize("largest", [0, 1, 254, 255, 256, 65535])
def test_region_areas_equals_bincount(largest):
    labels = np.random.default_rng(0).integers(0, largest + 1, (40, 50)).astype(np.int32)
    labels[0, 0] = largest
    np.testing.assert_array_equal(region_areas(labels), np.bincount(labels.ravel()))


def test_filter_labels_renumbers_in_order():
    labels = np.array([[3, 1, 0, 2, 3]], np.int32)
    assert filter_labels(labels, np.array([False, False, True, True])).tolist() == [[2, 0, 0, 1, 2]]


def test_filter_small_regions_keeps_the_minimum_area():
    labels = np.zeros((10, 10), np.int32)
    labels[0, :4], labels[1, :5] = 1, 2
    filtered = filter_small_regions(labels, 0.05)
    assert not filtered[0].any()
    assert filtered[1, :5].tolist() == [1] * 5


def test_region_growing_stops_at_the_maximum_distance():
    labels = np.zeros((5, 9), np.int32)
    labels[2, 4] = 1
    grown = region_growing(labels, np.ones((5, 9), bool), FLAT, 0.02, 2)
    v, u = np.indices(labels.shape)
    np.testing.assert_array_equal(grown > 0, abs(v - 2) + abs(u - 4) <= 2)


def test_region_growing_stops_at_steps_in_depth():
    labels = np.zeros((5, 9), np.int32)
    labels[:, 0] = 1
    depth = FLAT.copy()
    depth[:, 4:] = 0.9
    grown = region_growing(labels, np.ones((5, 9), bool), depth, 0.02, 20)
    assert grown[0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]


def test_region_growing_prefers_the_neighbor_nearest_in_depth():
    labels = np.array([[1, 0, 2]], np.int32)
    depth = np.array([[1.00, 1.015, 1.02]], np.float32)
    assert region_growing(labels, labels == 0, depth, 0.1, 1).tolist() == [[1, 2, 2]]


@pytest.mark.parametrize("obstacle", ["mask", "depth"])
def test_region_growing_stays_out_of_the_mask_and_of_holes(obstacle):
    labels, mask, depth = np.zeros((1, 5), np.int32), np.ones((1, 5), bool), FLAT[:1, :5].copy()
    labels[0, 0] = 1
    if obstacle == "mask":
        mask[0, 2] = False
    else:
        depth[0, 2] = np.nan
    assert region_growing(labels, mask, depth, 0.02, 9).tolist() == [[1, 1, 0, 0, 0]]


def test_region_growing_leaves_its_input_unchanged():
    labels = np.array([[1, 0, 0]], np.int32)
    region_growing(labels, labels == 0, FLAT[:1, :3], 0.02, 9)
    assert labels.tolist() == [[1, 0, 0]]


def test_region_adjacency_counts_pairs_and_orders_depth():
    labels = np.zeros((4, 8), np.int32)
    labels[:, :4], labels[:, 4:] = 1, 2
    depth = np.where(labels == 2, np.float32(0.75), np.float32(0.5))
    pair_count, mean_step = region_adjacency(labels, depth, distance_px=2)
    assert pair_count[1, 2] == pair_count[2, 1] == 2 * 4
    assert mean_step[1, 2] == 0.25  # region 2 is nearer
    assert mean_step[2, 1] == -0.25


def test_region_adjacency_ignores_unlabelled_pixels():
    labels = np.array([[1, 1, 0, 0, 0, 2, 2]], np.int32).repeat(3, axis=0)
    pair_count, mean_step = region_adjacency(labels, np.ones(labels.shape, np.float32))
    assert not pair_count.any()
    assert not mean_step.any()
