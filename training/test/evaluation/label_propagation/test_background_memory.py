from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenerep_training.evaluation.label_propagation.background_memory import BackgroundMemory

SHAPE = (60, 80)
STEP = 3
"""Pixels that the background moves to the left from frame to frame."""
MOTION = np.array([[1, 0, STEP], [0, 1, 0], [0, 0, 1]], np.float64)
NEAR, NONE = np.ones(SHAPE, np.bool_), np.zeros(SHAPE, np.float32)
BODY, LIMB = np.s_[20:40, 30:50], np.s_[26:32, 50:60]


def texture(size, seed, level):
    noise = np.random.default_rng(seed).uniform(-20, 20, (*size, 3)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 1) + np.float32(level)


WALL = texture((SHAPE[0], SHAPE[1] + 20 * STEP), 0, [40, 0, 0])
THING = texture(SHAPE, 1, [60, 40, 20])


def frame(index, *areas):
    """What the camera sees: the wall, and before it a thing that stays in the picture."""
    image = WALL[:, STEP * index : STEP * index + SHAPE[1]].copy()
    for area in areas:
        image[area] = THING[area]
    return image


def background(*areas):
    mask = np.ones(SHAPE, np.bool_)
    for area in areas:
        mask[area] = False
    return mask


def planes(*areas):
    """(h, w, 2), one object."""
    mask = background(*areas)
    return np.stack([mask, ~mask], axis=-1).astype(np.float32)


def started(*areas):
    memory = BackgroundMemory(frame(0, *areas), background(*areas))
    memory.move(MOTION)
    return memory


def test_a_limb_that_flow_lost_is_voted_for():
    votes = started(BODY).vote(frame(1, BODY, LIMB), planes(BODY), NONE, NEAR)[..., 0]
    assert votes[LIMB].mean() > 1
    assert votes[:15, :60].mean() < 0


def test_background_that_comes_into_sight_again_is_voted_against():
    """It was seen, then hidden for three frames, and the label stays where the thing was."""
    memory = BackgroundMemory(frame(0), background())
    for index in range(1, 4):
        memory.move(MOTION)
        memory.learn(frame(index, BODY), background(BODY))
    memory.move(MOTION)
    stays = np.s_[20:40, 30:40]
    votes = memory.vote(frame(4, stays), planes(BODY), NONE, NEAR)[..., 0]
    assert votes[20:40, 41:50].mean() < -0.5
    assert votes[stays].mean() > 1


def test_what_was_hidden_from_the_start_or_comes_into_the_picture_has_no_vote():
    votes = started(BODY).vote(frame(1), planes(BODY), NONE, NEAR)[..., 0]
    assert not votes[21:39, 31:46].any()
    assert not votes[:, -STEP:].any()
    assert votes[:, :20].all()


def test_what_looks_like_the_background_is_not_told_from_it():
    memory = BackgroundMemory(frame(0), background())
    memory.move(MOTION)
    assert np.abs(memory.vote(frame(1), planes(BODY), NONE, NEAR)).max() < 0.1


@pytest.mark.parametrize("shift", [(1, 0), (-1, 2)])
def test_a_little_parallax_is_forgiven(shift):
    """The background is a pixel or two beside where its motion puts it."""
    votes = []
    for u, v in ((0, 0), shift):
        memory = BackgroundMemory(frame(0, BODY), background(BODY))
        memory.move(MOTION + np.array([[0, 0, u], [0, 0, v], [0, 0, 0]]))
        votes.append(memory.vote(frame(1, BODY, LIMB), planes(BODY), NONE, NEAR)[..., 0])
    exact, beside = (vote[5:15, 5:60] for vote in votes)
    np.testing.assert_allclose(beside, exact, atol=0.1)


def test_without_motion_all_is_forgotten_until_it_is_seen_again():
    memory = started(BODY)
    memory.move(None)
    assert not memory.vote(frame(1, BODY), planes(BODY), NONE, NEAR).any()
    memory.learn(frame(1, BODY), background(BODY))
    memory.move(MOTION)
    assert memory.vote(frame(2, BODY, LIMB), planes(BODY), NONE, NEAR)[..., 0][LIMB].mean() > 1


def test_each_object_has_a_vote_of_its_own():
    """The second one looks like the wall, the first one does not."""
    likeness = np.s_[5:15, 5:15]
    memory = BackgroundMemory(frame(0), background())
    memory.move(MOTION)
    both = np.concatenate([planes(BODY, likeness), np.zeros((*SHAPE, 1), np.float32)], axis=-1)
    both[likeness] = [0, 0, 1]
    votes = memory.vote(frame(1, BODY), both, NONE, NEAR)
    assert votes[(*BODY, 0)].mean() > 1
    assert votes[(*likeness, 0)].mean() < -1
    assert abs(votes[(*likeness, 1)].mean()) < 0.3


def test_labels_that_flow_brought_surely_are_not_contradicted():
    """A part of the object looks like the wall, and a shadow falls on the wall."""
    shadow, part = np.s_[5:15, 5:15], np.s_[42:48, 30:40]
    memory = BackgroundMemory(frame(0), background())
    memory.move(MOTION)
    color, labels = frame(1, BODY), planes(BODY, part)
    color[shadow] -= np.float32([40, 0, 0])
    doubted = memory.vote(color, labels, NONE, NEAR)[..., 0]
    sure = memory.vote(color, labels, np.ones(SHAPE, np.float32), NEAR)[..., 0]
    assert doubted[part].mean() < -1
    assert doubted[shadow].mean() > 0.5
    assert not sure[part].any()
    assert not sure[shadow].any()
    np.testing.assert_array_equal(sure[BODY], doubted[BODY])
