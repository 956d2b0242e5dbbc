"""Conversion between image and working grid."""

import numpy as np
import pytest

from scenerep_ros.ops.working_grid import upsample_nearest, working_grid_step


@pytest.mark.parametrize(
    ("shape", "step"),
    [((480, 640), 2), ((240, 320), 1), ((720, 1280), 4), ((60, 80), 1), ((480, 850), 3)],
)
def test_working_grid_step_targets_320_columns(shape, step):
    assert working_grid_step(shape) == step


@pytest.mark.parametrize("shape", [(480, 640), (481, 641), (7, 9), (301, 999)])
def test_upsample_nearest_repeats_each_pixel_of_the_grid(shape):
    step = working_grid_step(shape)
    labels = np.random.default_rng(0).integers(0, 9, shape, np.int32)[::step, ::step]
    upsampled = upsample_nearest(labels, shape)
    assert upsampled.shape == shape
    assert upsampled.flags.c_contiguous
    v, u = np.indices(shape)
    np.testing.assert_array_equal(upsampled, labels[v // step, u // step])


def test_upsample_nearest_keeps_masks_boolean():
    assert upsample_nearest(np.ones((240, 320), bool), (480, 640)).dtype == bool
