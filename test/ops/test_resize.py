"""Box filter and resizing: host memory and other devices give the same result."""

import numpy as np
import torch
from fake_device import FakeDeviceTensor, fake_device
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.ops.resize import box_filter, resize_area, resize_bilinear

sides = st.integers(1, 40)


def random_planes(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@settings(max_examples=60)
@given(sides, sides, st.integers(0, 12))
def test_box_filter_equals_means_of_mirrored_windows_on_any_device(rows, columns, radius):
    planes = random_planes(2, rows, columns)
    padded = np.pad(planes.double().numpy(), [(0, 0), *[(radius, radius)] * 2], "symmetric")
    width = 2 * radius + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (width, width), axis=(1, 2))
    on_host = box_filter(planes, radius)
    with fake_device() as transfers:
        on_device = box_filter(FakeDeviceTensor(planes), radius)
    np.testing.assert_allclose(on_host, windows.mean(axis=(3, 4)), atol=1e-5)
    np.testing.assert_allclose(on_device.host_tensor, on_host, atol=1e-5)
    assert not transfers


@settings(max_examples=60)
@given(sides, sides, sides, sides)
def test_resize_bilinear_is_equal_on_any_device(rows, columns, added_rows, added_columns):
    planes, shape = random_planes(2, rows, columns), (rows + added_rows, columns + added_columns)
    with fake_device() as transfers:
        on_device = resize_bilinear(FakeDeviceTensor(planes), shape)
    np.testing.assert_allclose(on_device.host_tensor, resize_bilinear(planes, shape), atol=1e-5)
    assert not transfers


@settings(max_examples=60)
@given(sides, sides, st.integers(1, 4))
def test_resize_area_is_equal_on_any_device(rows, columns, factor):
    planes = random_planes(2, factor * rows, factor * columns)
    with fake_device() as transfers:
        on_device = resize_area(FakeDeviceTensor(planes), (rows, columns))
    np.testing.assert_allclose(
        on_device.host_tensor, resize_area(planes, (rows, columns)), atol=1e-5
    )
    assert not transfers
