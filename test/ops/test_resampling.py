"""Resampling of images by sparse products."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.ops.resampling import aliased_bicubic, bicubic, bilinear, resample

MODES = {
    bilinear: {"mode": "bilinear", "antialias": True},
    bicubic: {"mode": "bicubic", "antialias": True},
    aliased_bicubic: {"mode": "bicubic", "antialias": False},
}
# torch, with antialiasing, resamples the rows of images of one column wrongly.
SIZES = st.tuples(st.integers(1, 50), st.integers(2, 50))


@pytest.mark.parametrize("interpolation", MODES)
@given(source=SIZES, target=SIZES, channels=st.integers(1, 4))
def test_resample_equals_torch_at_all_sizes(interpolation, source, target, channels):
    image = np.random.default_rng(0).random((*source, channels), np.float32)
    planes = torch.from_numpy(image).permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(planes, target, **MODES[interpolation])[0]
    actual = resample(image, target, interpolation)
    np.testing.assert_allclose(actual, expected.numpy(), atol=1e-4)


@pytest.mark.parametrize("interpolation", MODES)
def test_resample_to_the_same_size_changes_nothing(interpolation):
    image = np.random.default_rng(0).random((5, 7, 600), np.float32)
    resampled = resample(image, (5, 7), interpolation)
    np.testing.assert_allclose(resampled, image.transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("interpolation", MODES)
def test_resample_treats_rows_and_columns_alike(interpolation):
    column = np.random.default_rng(0).random((9, 1, 2), np.float32)
    row = column.transpose(1, 0, 2)
    resampled = resample(column, (5, 1), interpolation)
    expected = resample(row, (1, 5), interpolation).transpose(0, 2, 1)
    np.testing.assert_allclose(resampled, expected, atol=1e-6)
