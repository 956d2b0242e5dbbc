"""Connected components and label expansion, compared with OpenCV and scipy."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from scenerep_ros.ops.connected_components import expand_labels, label_connected_components

label_images = arrays(
    np.int64, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)
)


def reference_components(image, min_area):
    """Number the components of each label in reading order of their first pixels."""
    components = np.zeros_like(image)
    for label in range(1, int(image.max()) + 1):
        _, own = cv2.connectedComponents((image == label).astype(np.uint8), connectivity=4)
        components[own > 0] = own[own > 0] + components.max()
    names, first_pixel, area = np.unique(components, return_index=True, return_counts=True)
    kept = (names > 0) & (area >= min_area)
    numbers = np.zeros(len(names), np.int64)
    numbers[np.flatnonzero(kept)[np.argsort(first_pixel[kept])]] = np.arange(1, kept.sum() + 1)
    return numbers[np.searchsorted(names, components)]


@settings(max_examples=200)
@given(label_images, st.integers(0, 6))
def test_label_connected_components_equals_opencv_in_reading_order(image, min_area):
    components = label_connected_components(image, min_area)
    np.testing.assert_array_equal(components, reference_components(image, min_area))


@pytest.mark.parametrize("turns", range(4))
def test_label_connected_components_of_a_spiral_is_one(turns):
    spiral = np.zeros((101, 101), np.int64)
    for ring in range(0, 50, 2):
        spiral[ring, ring : 101 - ring] = spiral[100 - ring, ring : 101 - ring] = 1
        spiral[ring : 101 - ring, ring] = spiral[ring : 101 - ring, 100 - ring] = 1
        spiral[ring + 1, ring], spiral[ring + 2, ring + 1] = 0, 1
    spiral = np.rot90(spiral, turns).copy()
    np.testing.assert_array_equal(label_connected_components(spiral, 0), spiral)


@settings(max_examples=100)
@given(label_images, st.integers(0, 5))
def test_expand_labels_equals_repeated_masked_dilation(image, max_distance):
    labels, mask = np.where(image == 1, 1, 0), image > 0
    expanded = expand_labels(labels, mask, max_distance)
    cross = ndimage.generate_binary_structure(2, 1)
    expected = labels > 0
    for _ in range(max_distance):
        expected |= ndimage.binary_dilation(expected, cross) & mask
    np.testing.assert_array_equal(expanded > 0, expected)


def test_expand_labels_keeps_existing_labels():
    labels = np.array([[1, 0, 0, 0, 0, 2]])
    assert expand_labels(labels, labels >= 0, 9).tolist() == [[1, 1, 1, 2, 2, 2]]
