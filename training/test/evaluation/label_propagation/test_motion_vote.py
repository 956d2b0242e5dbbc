from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.label_propagation.motion_vote import (
    fit_background_motion,
    motion_vote,
)

SHAPE = (60, 80)
OBJECT, LEAK = np.s_[20:40, 30:50], np.s_[20:40, 50:56]
ALL_PIXELS, RELIABLE = np.ones(SHAPE, np.bool_), np.ones(SHAPE, np.float32)


def label_planes(*areas):
    """(h, w, K + 1), one-hot, one object for each area."""
    objects = np.zeros((*SHAPE, len(areas)), np.float32)
    for k, area in enumerate(areas):
        objects[(*area, k)] = 1
    return np.concatenate([1 - objects.sum(-1, keepdims=True), objects], axis=-1)


def camera_flow(noise=0.05):
    """(h, w, 2), flow of a camera that pans and moves forward."""
    v, u = np.indices(SHAPE, np.float32)
    flow = np.stack([3 + 0.01 * u, -1 + 0.01 * v], axis=-1)
    return flow + np.random.default_rng(0).normal(0, noise, flow.shape).astype(np.float32)


def moving_object_flow():
    flow = camera_flow()
    flow[OBJECT] += [4, 0]
    return flow


def compute_votes(flow, planes, reliability=RELIABLE):
    motion = fit_background_motion(flow, planes, reliability)
    return motion_vote(flow, motion, planes, reliability, ALL_PIXELS)


def test_fit_background_motion_ignores_moving_object():
    motion = fit_background_motion(moving_object_flow(), label_planes(OBJECT), RELIABLE)
    u, v, scale = motion @ [10, 20, 1]
    np.testing.assert_allclose([u / scale, v / scale], [13.1, 19.2], atol=0.1)


def test_motion_vote_opposes_leak_that_moves_with_background():
    planes = label_planes(OBJECT)
    planes[LEAK] = [0, 1]
    votes = compute_votes(moving_object_flow(), planes)[..., 0]
    assert votes[LEAK].mean() < -0.5
    assert votes[OBJECT].mean() > -0.01


def test_motion_vote_of_static_object_is_near_zero():
    assert compute_votes(camera_flow(), label_planes(OBJECT)).min() > -0.3


def test_motion_vote_is_computed_per_object():
    static = np.s_[5:15, 5:15]
    votes = compute_votes(moving_object_flow(), label_planes(OBJECT, static))
    assert votes[(*static, 0)].mean() < -1
    assert votes[(*static, 1)].mean() > -0.3


def test_motion_vote_of_unreliable_flow_is_zero():
    reliability = RELIABLE.copy()
    reliability[:, :20] = 0
    votes = compute_votes(moving_object_flow(), label_planes(OBJECT), reliability)
    assert not votes[:, :20].any()
    assert votes[:, 60:].min() < -1


def test_motion_vote_without_background_is_zero():
    planes = label_planes(np.s_[:, :])
    assert fit_background_motion(camera_flow(), planes, RELIABLE) is None
    assert not compute_votes(camera_flow(), planes).any()
