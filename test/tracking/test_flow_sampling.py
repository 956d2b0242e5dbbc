"""Sampling of images along a displacement field."""

import numpy as np

from scenerep_ros.tracking.flow_sampling import flow_ends, sample_along_flow

IMAGE = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_flow_ends_add_the_flow_to_each_pixel():
    u, v = flow_ends(np.full((3, 4, 2), (0.5, -1), np.float32))
    assert u[2].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert v[:, 0].tolist() == [-1, 0, 1]


def test_sample_along_flow_shifts_and_repeats_the_border():
    flow = np.zeros((3, 4, 2), np.float32)
    flow[..., 0] = 1
    assert sample_along_flow(IMAGE, flow).tolist() == [[1, 2, 3, 3], [5, 6, 7, 7], [9, 10, 11, 11]]


def test_sample_along_flow_interpolates_between_pixels():
    flow = np.full((3, 4, 2), (0.5, 0), np.float32)
    assert sample_along_flow(IMAGE, flow)[0, :3].tolist() == [0.5, 1.5, 2.5]
