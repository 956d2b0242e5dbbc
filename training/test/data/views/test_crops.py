"""Tests of crops and of the coordinates of their views."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.crops import Crop, random_crop, random_pair_crops

from scenerep_ros.frames import RGBDFrame

crops = st.builds(
    Crop,
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(4, 80),
    st.integers(4, 80),
    st.booleans(),
)


@given(crops, st.integers(1, 20))
def test_to_view_inverts_patch_centers(crop, grid_size):
    positions = crop.to_view(crop.patch_centers(grid_size))
    steps = (np.arange(grid_size) + 0.5) / grid_size
    np.testing.assert_allclose(positions[..., 0], np.tile(steps, (grid_size, 1)), atol=1e-5)
    np.testing.assert_allclose(
        positions[..., 1], np.tile(steps[:, None], (1, grid_size)), atol=1e-5
    )


@given(crops, crops)
def test_box_in_equals_corners_in_view_of_outer_crop(inner, outer):
    left, top, right, bottom = inner.box_in(outer).tolist()
    corners = inner.patch_centers(1)[0, 0] + [
        [-inner.width / 2, -inner.height / 2],
        [inner.width / 2, inner.height / 2],
    ]
    x = (corners[:, 0] + 0.5 - outer.left) / outer.width
    x = 1 - x[::-1] if outer.flip else x
    y = (corners[:, 1] + 0.5 - outer.top) / outer.height
    np.testing.assert_allclose([left, right, top, bottom], [*x, *y], atol=1e-5)


def test_to_view_of_position_outside_is_nan():
    inside, outside = Crop(10, 10, 20, 20).to_view(np.float32([[15, 15], [31, 15]]))
    assert np.isfinite(inside).all()
    assert np.isnan(outside).all()


@pytest.mark.parametrize("flip", [False, True])
def test_crop_image_and_crop_mask_are_aligned(flip):
    mask = np.zeros((60, 80), bool)
    mask[20:40, 10:40] = True
    color = np.repeat(255 * mask[..., None].astype(np.uint8), 3, axis=2)
    crop = Crop(10, 5, 40, 60, flip)
    image, cropped_mask = crop.crop_image(color, 48), crop.crop_mask(mask, 48)
    assert image.shape == (3, 48, 48)
    assert image.dtype == torch.uint8
    assert ((image[0] > 127) == cropped_mask).float().mean() > 0.97
    # The mask is not symmetric, so that a missing flip would show.
    assert cropped_mask[:, :24].sum() != cropped_mask[:, 24:].sum()


def test_crop_image_is_antialiased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    image = Crop(0, 0, 64, 64).crop_image(stripes, 16)
    assert image.float().std() < 10


@given(st.integers(2, 500), st.integers(2, 500), st.integers(0, 10))
def test_random_crop_lies_in_frame(height, width, seed):
    torch.manual_seed(seed)
    crop = random_crop((height, width))
    assert 0 <= crop.top <= crop.top + crop.height <= height
    assert 0 <= crop.left <= crop.left + crop.width <= width
    assert min(crop.height, crop.width) >= 1


def test_random_crop_has_area_in_range():
    torch.manual_seed(0)
    drawn = [random_crop((480, 640), (0.2, 0.5)) for _ in range(200)]
    areas = np.array([crop.height * crop.width / (480 * 640) for crop in drawn])
    assert areas.min() > 0.19
    assert areas.max() < 0.51
    assert np.ptp(areas) > 0.2
    assert 60 < sum(crop.flip for crop in drawn) < 140


@pytest.mark.parametrize("consistent", [True, False])
def test_random_pair_crops_are_equal_only_if_consistent(consistent):
    torch.manual_seed(0)
    frame = RGBDFrame(np.zeros((48, 64, 3), np.uint8))
    first, second = random_pair_crops(FramePair(frame, frame), (0.2, 1.0), consistent)
    assert (first == second) is consistent
