"""Depth of the patches of a feature grid."""

import numpy as np
from furnished_rooms import COLUMNS, ROWS, SOFA_DEPTH, WALL_DEPTH, furnished_room
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scenerep_ros.segmentation.depth.patch_samples import (
    SAMPLES_PER_SIDE,
    PatchSamples,
    patch_medians,
    repeat_patches,
)


def test_positions_of_patches_lie_on_their_surfaces():
    context, *_ = furnished_room()
    positions = PatchSamples.from_depth(context.working_depth, (ROWS, COLUMNS)).positions()
    assert positions.shape == (ROWS, COLUMNS, 3)
    np.testing.assert_allclose(positions[2, 2, 2], WALL_DEPTH, rtol=1e-3)
    np.testing.assert_allclose(positions[14, 6, 2], SOFA_DEPTH, atol=0.12)
    # The optical frame points right and down.
    assert positions[0, 0, 0] < 0 < positions[0, -1, 0]
    assert positions[0, 0, 1] < 0 < positions[-1, 0, 1]


def test_patch_without_depth_has_no_position():
    context, *_ = furnished_room()
    samples = PatchSamples.from_depth(context.working_depth, (ROWS, COLUMNS))
    samples.inverse_depth[:SAMPLES_PER_SIDE, :SAMPLES_PER_SIDE] = np.nan
    positions = samples.positions()
    assert np.isnan(positions[0, 0]).all()
    assert np.isfinite(positions[0, 1]).all()


@given(
    arrays(
        np.float32,
        (2 * SAMPLES_PER_SIDE, 3 * SAMPLES_PER_SIDE),
        elements=st.one_of(st.floats(0, 8, width=32), st.just(np.nan)),
    )
)
def test_median_is_a_sample_in_the_middle(samples):
    medians = repeat_patches(patch_medians(samples))
    below, above = (
        patch_ratio(np.where(np.isfinite(samples), side, False))
        for side in (samples < medians, samples > medians)
    )
    valid = patch_ratio(np.isfinite(samples))
    assert (np.isfinite(patch_medians(samples)) == (valid > 0)).all()
    assert (below <= valid / 2).all()
    assert (above <= valid / 2 + 1 / SAMPLES_PER_SIDE**2).all()


def patch_ratio(mask):
    shape = 2, SAMPLES_PER_SIDE, 3, SAMPLES_PER_SIDE
    return mask.reshape(shape).mean(axis=(1, 3))
