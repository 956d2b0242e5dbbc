"""Windows and sizes of planes: the same in host memory and elsewhere."""

import numpy as np
import torch
from far_device import FarTensor, far_device
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.ops.resize import box_filter, resize_area, resize_bilinear

sides = st.integers(1, 40)


def random_planes(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(0, 12))
def test_means_are_those_of_mirrored_windows_on_any_device(rows, columns, radius):
    planes = random_planes(2, rows, columns)
    padded = np.pad(planes.double().numpy(), [(0, 0), *[(radius, radius)] * 2], "symmetric")
    width = 2 * radius + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (width, width), axis=(1, 2))
    near = box_filter(planes, radius)
    with far_device() as waits:
        far = box_filter(FarTensor(planes), radius)
    np.testing.assert_allclose(near, windows.mean(axis=(3, 4)), atol=1e-5)
    np.testing.assert_allclose(far.held, near, atol=1e-5)
    assert not waits


@settings(max_examples=60, deadline=None)
@given(sides, sides, sides, sides)
def test_planes_are_enlarged_alike_on_any_device(rows, columns, more_rows, more_columns):
    planes, shape = random_planes(2, rows, columns), (rows + more_rows, columns + more_columns)
    with far_device() as waits:
        far = resize_bilinear(FarTensor(planes), shape)
    np.testing.assert_allclose(far.held, resize_bilinear(planes, shape), atol=1e-5)
    assert not waits


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(1, 4))
def test_planes_are_shrunk_alike_on_any_device(rows, columns, factor):
    planes = random_planes(2, factor * rows, factor * columns)
    with far_device() as waits:
        far = resize_area(FarTensor(planes), (rows, columns))
    np.testing.assert_allclose(far.held, resize_area(planes, (rows, columns)), atol=1e-5)
    assert not waits
