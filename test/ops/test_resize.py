"""Box filter and resizing of planes, compared with windows, torch and means of blocks."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from scenerep_ros.ops.resize import box_filter, resize_area, resize_bilinear

sides = st.integers(1, 40)


def random_planes(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


@settings(max_examples=60)
@given(sides, sides, st.integers(0, 12))
def test_box_filter_equals_means_of_mirrored_windows(rows, columns, radius):
    planes = random_planes(2, rows, columns)
    padded = np.pad(planes.astype(np.float64), [(0, 0), *[(radius, radius)] * 2], "symmetric")
    width = 2 * radius + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (width, width), axis=(1, 2))
    expected = windows.mean(axis=(3, 4))
    np.testing.assert_allclose(box_filter(planes, radius), expected, atol=1e-5)


@settings(max_examples=60)
@given(sides, sides, sides, sides)
def test_resize_bilinear_equals_interpolation_by_torch(rows, columns, added_rows, added_columns):
    planes, shape = random_planes(2, rows, columns), (rows + added_rows, columns + added_columns)
    expected = interpolate(
        torch.from_numpy(planes)[None], shape, mode="bilinear", align_corners=False
    )[0]
    np.testing.assert_allclose(resize_bilinear(planes, shape), expected, atol=1e-5)


@settings(max_examples=60)
@given(sides, sides, st.integers(1, 4))
def test_resize_area_equals_means_of_blocks(rows, columns, factor):
    planes = random_planes(2, factor * rows, factor * columns)
    expected = planes.reshape(2, rows, factor, columns, factor).mean(axis=(2, 4))
    np.testing.assert_allclose(resize_area(planes, (rows, columns)), expected, atol=1e-5)
