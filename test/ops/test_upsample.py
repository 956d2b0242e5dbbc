"""Interpolation of planes on the feature grid."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from scenerep_ros.ops.upsample import upsample_scores

GRID_SIDE, IMAGE_SIDE = st.integers(1, 9), st.integers(9, 70)


@settings(max_examples=40)
@given(GRID_SIDE, GRID_SIDE, IMAGE_SIDE, IMAGE_SIDE)
def test_upsample_scores_equals_bilinear_interpolation(h, w, height, width):
    scores = np.random.default_rng(h + 10 * w).random((3, h, w), np.float32)
    expected = interpolate(
        torch.from_numpy(scores)[None], (height, width), mode="bilinear", align_corners=False
    )[0]
    upsampled = upsample_scores(scores, (height, width))
    torch.testing.assert_close(torch.from_numpy(upsampled), expected)


@pytest.mark.parametrize("step", [2, 3])
def test_upsample_scores_with_a_step_subsamples_the_image(step):
    scores = np.random.default_rng(0).random((4, 6, 7), np.float32)
    expected = upsample_scores(scores, (61, 83))[:, ::step, ::step]
    upsampled = upsample_scores(scores, (61, 83), step)
    np.testing.assert_allclose(upsampled, expected, rtol=1.3e-6, atol=1e-5)
