"""Coverage of patches by labels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.ops.patch_coverage import patch_coverage


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 5))
def test_patch_coverage_equals_the_mean_of_each_patch(seed, rows, columns):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (3 * rows, 4 * columns), np.int32)
    mask = rng.random(labels.shape) < 0.7
    coverage = patch_coverage(labels, mask, (rows, columns))
    assert coverage.dtype == np.float32
    assert coverage.shape == (rows * columns, labels.max() + 1)
    for label in range(coverage.shape[1]):
        patches = ((labels == label) & mask).reshape(rows, 3, columns, 4)
        np.testing.assert_allclose(coverage[:, label], patches.mean(axis=(1, 3)).ravel(), rtol=1e-6)


def test_patch_coverage_of_patches_without_pixels_is_zero():
    coverage = patch_coverage(np.ones((2, 2), np.int32), np.ones((2, 2), bool), (3, 3))
    assert sorted(coverage.sum(axis=1).tolist()) == [0] * 5 + [1] * 4
