"""Connected pieces against OpenCV's and scipy's."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from scenerep_ros.ops.connected_components import expand_labels, label_connected_components

things = arrays(
    np.int64, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)
)


def oracle(image, least):
    """Pieces of each thing, in reading order of their first pixels."""
    pieces = np.zeros_like(image)
    for thing in range(1, int(image.max()) + 1):
        _, own = cv2.connectedComponents((image == thing).astype(np.uint8), connectivity=4)
        pieces[own > 0] = own[own > 0] + pieces.max()
    names, first, area = np.unique(pieces, return_index=True, return_counts=True)
    kept = (names > 0) & (area >= least)
    numbers = np.zeros(len(names), np.int64)
    numbers[np.flatnonzero(kept)[np.argsort(first[kept])]] = np.arange(1, kept.sum() + 1)
    return numbers[np.searchsorted(names, pieces)]


@settings(max_examples=200, deadline=None)
@given(things, st.integers(0, 6))
def test_pieces_are_opencvs_in_reading_order(image, least):
    found = label_connected_components(torch.from_numpy(image), least).numpy()
    np.testing.assert_array_equal(found, oracle(image, least))


@pytest.mark.parametrize("turns", range(4))
def test_a_spiral_is_one_piece(turns):
    spiral = np.zeros((101, 101), np.int64)
    for ring in range(0, 50, 2):
        spiral[ring, ring : 101 - ring] = spiral[100 - ring, ring : 101 - ring] = 1
        spiral[ring : 101 - ring, ring] = spiral[ring : 101 - ring, 100 - ring] = 1
        spiral[ring + 1, ring], spiral[ring + 2, ring + 1] = 0, 1
    spiral = np.rot90(spiral, turns).copy()
    np.testing.assert_array_equal(
        label_connected_components(torch.from_numpy(spiral), 0).numpy(), spiral
    )


@settings(max_examples=100, deadline=None)
@given(things, st.integers(0, 5))
def test_pieces_spread_as_far_as_they_may(image, reach):
    labels = np.where(image == 1, 1, 0)
    within = image > 0
    found = expand_labels(torch.from_numpy(labels), torch.from_numpy(within), reach).numpy()
    cross = ndimage.generate_binary_structure(2, 1)
    expected = labels > 0
    for _ in range(reach):
        expected |= ndimage.binary_dilation(expected, cross) & within
    np.testing.assert_array_equal(found > 0, expected)


def test_pieces_that_spread_do_not_displace_each_other():
    labels = torch.tensor([[1, 0, 0, 0, 0, 2]])
    assert expand_labels(labels, labels >= 0, 9).tolist() == [[1, 1, 1, 2, 2, 2]]
