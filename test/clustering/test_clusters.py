import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from scenerep_ros.clustering.clusters import Clusters


def random_scores(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@settings(max_examples=40)
@given(
    st.integers(1, 12), st.integers(1, 9), st.integers(1, 9), st.integers(9, 70), st.integers(9, 70)
)
def test_label_image_is_best_of_bilinear_scores(k, h, w, height, width):
    scores = random_scores(k, h, w, seed=k * h + w)
    labels = Clusters(scores).label_image((height, width))
    expected = interpolate(torch.from_numpy(scores)[None], (height, width), mode="bilinear")
    expected = expected[0].numpy()
    ordered = np.sort(expected, axis=0)
    is_clear = np.ones((height, width), bool)
    if k > 1:
        is_clear = ordered[-1] - ordered[-2] > 1e-4
    assert labels.dtype == np.int64
    assert labels.shape == (height, width)
    np.testing.assert_array_equal(labels[is_clear], 1 + expected.argmax(0)[is_clear])


@pytest.mark.parametrize(
    ("background", "expected"), [(None, [1, 2, 3]), (0, [0, 1, 2]), (1, [1, 0, 2])]
)
def test_label_image_numbers_background_cluster_zero(background, expected):
    scores = np.eye(3, dtype=np.float32)[:, None, :]  # three patches in a row, one cluster each
    clusters = Clusters(scores, background)
    labels = clusters.label_image((3, 9))
    assert labels[1, [1, 4, 7]].tolist() == expected
    assert clusters.label_count == max(expected) + 1


def test_label_image_has_smooth_diagonal_borders():
    v, u = np.indices((8, 8), np.float32)
    labels = Clusters(np.stack([u - v, v - u])).label_image((160, 160))
    rows, columns = np.indices(labels.shape)
    is_wrong = (labels == 1) != (columns > rows)
    assert is_wrong.mean() < 0.01  # nearest-neighbour interpolation has 6 % wrong pixels


def test_label_image_smaller_than_grid_has_image_shape():
    labels = Clusters(random_scores(4, 20, 20)).label_image((5, 6))
    assert labels.shape == (5, 6)
    assert set(labels.ravel()) <= {1, 2, 3, 4}


@pytest.mark.parametrize("step", [2, 3])
def test_label_image_with_step_equals_subsampled_image(step):
    clusters = Clusters(random_scores(4, 6, 7))
    subsampled = clusters.label_image((61, 83), step)
    expected = clusters.label_image((61, 83))[::step, ::step]
    np.testing.assert_array_equal(subsampled, expected)
