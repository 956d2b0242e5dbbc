from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.data.views.crops import Crop, crops_of_pair, random_crop
from scenerep_training.data.views.pair import FramePair

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
def test_centres_and_places_are_each_others_way_back(crop, cells):
    places = crop.places(crop.centres(cells))
    steps = (np.arange(cells) + 0.5) / cells
    np.testing.assert_allclose(places[..., 0], np.tile(steps, (cells, 1)), atol=1e-5)
    np.testing.assert_allclose(places[..., 1], np.tile(steps[:, None], (1, cells)), atol=1e-5)


@given(crops, crops)
def test_a_box_within_a_view_holds_what_the_crop_holds(inner, outer):
    left, top, right, bottom = inner.box_in(outer).tolist()
    corners = inner.centres(1)[0, 0] + [
        [-inner.width / 2, -inner.height / 2],
        [inner.width / 2, inner.height / 2],
    ]
    x = (corners[:, 0] + 0.5 - outer.left) / outer.width
    x = 1 - x[::-1] if outer.flip else x
    y = (corners[:, 1] + 0.5 - outer.top) / outer.height
    np.testing.assert_allclose([left, right, top, bottom], [*x, *y], atol=1e-5)


def test_what_is_outside_of_the_view_has_no_place():
    crop = Crop(10, 10, 20, 20)
    inside, outside = crop.places(np.float32([[15, 15], [31, 15]]))
    assert np.isfinite(inside).all()
    assert np.isnan(outside).all()


@pytest.mark.parametrize("flip", [False, True])
def test_image_and_mask_show_the_same_place(flip):
    mask = np.zeros((60, 80), bool)
    mask[20:40, 10:40] = True
    color = np.repeat(255 * mask[..., None].astype(np.uint8), 3, axis=2)
    crop = Crop(10, 5, 40, 60, flip)
    image, cut = crop.image(color, 48), crop.mask(mask, 48)
    assert image.shape == (3, 48, 48)
    assert image.dtype == torch.uint8
    assert ((image[0] > 127) == cut).float().mean() > 0.97
    assert cut[:, :24].sum() != cut[:, 24:].sum()  # a mirror would be seen


def test_shrinking_does_not_alias():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    image = Crop(0, 0, 64, 64).image(stripes, 16)
    assert image.float().std() < 10


@given(st.integers(2, 500), st.integers(2, 500), st.integers(0, 10))
def test_random_crops_lie_in_the_frame(height, width, seed):
    torch.manual_seed(seed)
    crop = random_crop((height, width))
    assert 0 <= crop.top <= crop.top + crop.height <= height
    assert 0 <= crop.left <= crop.left + crop.width <= width
    assert min(crop.height, crop.width) >= 1


def test_random_crops_have_the_areas_asked_for():
    drawn = [random_crop((480, 640), (0.2, 0.5)) for _ in range(200)]
    areas = np.array([crop.height * crop.width / (480 * 640) for crop in drawn])
    assert areas.min() > 0.19
    assert areas.max() < 0.51
    assert np.ptp(areas) > 0.2
    assert 60 < sum(crop.flip for crop in drawn) < 140


@pytest.mark.parametrize("consistent", [True, False])
def test_crops_of_a_pair(consistent):
    frame = RGBDFrame(np.zeros((48, 64, 3), np.uint8))
    first, second = crops_of_pair(FramePair(frame, frame), (0.2, 1.0), consistent)
    assert (first == second) is consistent
