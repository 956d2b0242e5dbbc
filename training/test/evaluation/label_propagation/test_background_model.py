from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenerep_training.evaluation.label_propagation.background_model import BackgroundModel

SHAPE = (60, 80)
STEP = 3
"""Shift of the background to the left from frame to frame [px]."""
MOTION = np.array([[1, 0, STEP], [0, 1, 0], [0, 0, 1]], np.float64)
ALL_PIXELS, UNRELIABLE = np.ones(SHAPE, np.bool_), np.zeros(SHAPE, np.float32)
RELIABLE = np.ones(SHAPE, np.float32)
BODY, LIMB = np.s_[20:40, 30:50], np.s_[26:32, 50:60]


def texture(size, seed, level):
    noise = np.random.default_rng(seed).uniform(-20, 20, (*size, 3)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 1) + np.float32(level)


WALL = texture((SHAPE[0], SHAPE[1] + 20 * STEP), 0, [40, 0, 0])
OBJECT = texture(SHAPE, 1, [60, 40, 20])


def render(index, *areas):
    """Render the moving wall behind an object that stays at the same pixels."""
    image = WALL[:, STEP * index : STEP * index + SHAPE[1]].copy()
    for area in areas:
        image[area] = OBJECT[area]
    return image


def background_mask(*areas):
    mask = np.ones(SHAPE, np.bool_)
    for area in areas:
        mask[area] = False
    return mask


def label_planes(*areas):
    """(h, w, 2), background and one object."""
    mask = background_mask(*areas)
    return np.stack([mask, ~mask], axis=-1).astype(np.float32)


def warped_model(*areas):
    """Model of frame 0, warped to frame 1."""
    model = BackgroundModel(render(0, *areas), background_mask(*areas))
    model.warp(MOTION)
    return model


def test_vote_favors_object_parts_that_flow_lost():
    color = render(1, BODY, LIMB)
    votes = warped_model(BODY).vote(color, label_planes(BODY), UNRELIABLE, ALL_PIXELS)[..., 0]
    assert votes[LIMB].mean() > 1
    assert votes[:15, :60].mean() < 0


def test_vote_opposes_object_labels_on_reappearing_background():
    """The wall was seen, then occluded for three frames; the label stays where the object was."""
    model = BackgroundModel(render(0), background_mask())
    for index in range(1, 4):
        model.warp(MOTION)
        model.update(render(index, BODY), background_mask(BODY))
    model.warp(MOTION)
    remaining = np.s_[20:40, 30:40]
    color = render(4, remaining)
    votes = model.vote(color, label_planes(BODY), UNRELIABLE, ALL_PIXELS)[..., 0]
    assert votes[20:40, 41:50].mean() < -0.5
    assert votes[remaining].mean() > 1


def test_vote_of_unknown_background_is_zero():
    """The background behind the object and beyond the image border was never seen."""
    votes = warped_model(BODY).vote(render(1), label_planes(BODY), UNRELIABLE, ALL_PIXELS)[..., 0]
    assert not votes[21:39, 31:46].any()
    assert not votes[:, -STEP:].any()
    assert votes[:, :20].all()


def test_vote_of_object_like_background_is_near_zero():
    votes = warped_model().vote(render(1), label_planes(BODY), UNRELIABLE, ALL_PIXELS)
    assert np.abs(votes).max() < 0.1


@pytest.mark.parametrize("shift", [(1, 0), (-1, 2)])
def test_vote_tolerates_parallax_of_two_pixels(shift):
    votes = []
    for u, v in ((0, 0), shift):
        model = BackgroundModel(render(0, BODY), background_mask(BODY))
        model.warp(MOTION + np.array([[0, 0, u], [0, 0, v], [0, 0, 0]]))
        color = render(1, BODY, LIMB)
        votes.append(model.vote(color, label_planes(BODY), UNRELIABLE, ALL_PIXELS)[..., 0])
    exact, shifted = (vote[5:15, 5:60] for vote in votes)
    np.testing.assert_allclose(shifted, exact, atol=0.1)


def test_warp_without_motion_clears_model_until_update():
    model = warped_model(BODY)
    model.warp(None)
    assert not model.vote(render(1, BODY), label_planes(BODY), UNRELIABLE, ALL_PIXELS).any()
    model.update(render(1, BODY), background_mask(BODY))
    model.warp(MOTION)
    votes = model.vote(render(2, BODY, LIMB), label_planes(BODY), UNRELIABLE, ALL_PIXELS)[..., 0]
    assert votes[LIMB].mean() > 1


def test_vote_is_computed_per_object():
    """The second object resembles the wall, the first one does not."""
    wall_like = np.s_[5:15, 5:15]
    empty_plane = np.zeros((*SHAPE, 1), np.float32)
    planes = np.concatenate([label_planes(BODY, wall_like), empty_plane], axis=-1)
    planes[wall_like] = [0, 0, 1]
    votes = warped_model().vote(render(1, BODY), planes, UNRELIABLE, ALL_PIXELS)
    assert votes[(*BODY, 0)].mean() > 1
    assert votes[(*wall_like, 0)].mean() < -1
    assert abs(votes[(*wall_like, 1)].mean()) < 0.3


def test_vote_does_not_contradict_reliable_labels():
    """A part of the object resembles the wall, and a shadow falls on the wall."""
    shadow, wall_like_part = np.s_[5:15, 5:15], np.s_[42:48, 30:40]
    color, planes = render(1, BODY), label_planes(BODY, wall_like_part)
    color[shadow] -= np.float32([40, 0, 0])
    unreliable = warped_model().vote(color, planes, UNRELIABLE, ALL_PIXELS)[..., 0]
    reliable = warped_model().vote(color, planes, RELIABLE, ALL_PIXELS)[..., 0]
    assert unreliable[wall_like_part].mean() < -1
    assert unreliable[shadow].mean() > 0.5
    assert not reliable[wall_like_part].any()
    assert not reliable[shadow].any()
    np.testing.assert_array_equal(reliable[BODY], unreliable[BODY])
