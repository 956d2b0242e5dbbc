"""Interpolation of planes on the feature grid."""

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
    scores = torch.rand(3, h, w, generator=torch.Generator().manual_seed(h + 10 * w))
    expected = interpolate(scores[None], (height, width), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(upsample_scores(scores, (height, width)), expected)


@pytest.mark.parametrize("step", [2, 3])
def test_upsample_scores_with_a_step_subsamples_the_image(step):
    scores = torch.rand(4, 6, 7, generator=torch.Generator().manual_seed(0))
    expected = upsample_scores(scores, (61, 83))[:, ::step, ::step]
    torch.testing.assert_close(upsample_scores(scores, (61, 83), step), expected)
