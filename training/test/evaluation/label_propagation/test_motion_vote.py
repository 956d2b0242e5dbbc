from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.label_propagation.motion_vote import (
    background_motion,
    motion_vote,
)

SHAPE = (60, 80)
OBJECT, LEAK = np.s_[20:40, 30:50], np.s_[20:40, 50:56]


def planes_of(*areas):
    """(h, w, K + 1), one-hot, a plane for each area."""
    objects = np.zeros((*SHAPE, len(areas)), np.float32)
    for k, area in enumerate(areas):
        objects[(*area, k)] = 1
    return np.concatenate([1 - objects.sum(-1, keepdims=True), objects], axis=-1)


def panning(noise=0.05):
    """(h, w, 2), the flow of a camera that turns and nears what it sees."""
    v, u = np.indices(SHAPE, np.float32)
    flow = np.stack([3 + 0.01 * u, -1 + 0.01 * v], axis=-1)
    return flow + np.random.default_rng(0).normal(0, noise, flow.shape).astype(np.float32)


def vote(flow, planes, trust=None):
    trust = np.ones(SHAPE, np.float32) if trust is None else trust
    motion = background_motion(flow, planes, trust)
    return motion_vote(flow, motion, planes, trust, np.ones(SHAPE, np.bool_))


def test_the_backgrounds_motion_is_found_beside_an_object_of_its_own():
    flow = panning()
    flow[OBJECT] += [4, 0]
    motion = background_motion(flow, planes_of(OBJECT), np.ones(SHAPE, np.float32))
    u, v, scale = motion @ [10, 20, 1]
    np.testing.assert_allclose([u / scale, v / scale], [13.1, 19.2], atol=0.1)


def test_a_leak_that_moves_with_the_background_is_voted_against():
    flow = panning()
    flow[OBJECT] += [4, 0]
    planes = planes_of(OBJECT)
    planes[LEAK] = [0, 1]
    votes = vote(flow, planes)[..., 0]
    assert votes[LEAK].mean() < -0.5
    assert votes[OBJECT].mean() > -0.01


def test_an_object_that_moves_with_the_background_keeps_its_labels():
    assert vote(panning(), planes_of(OBJECT)).min() > -0.3


def test_each_object_has_a_motion_of_its_own():
    still = np.s_[5:15, 5:15]
    flow = panning()
    flow[OBJECT] += [4, 0]
    votes = vote(flow, planes_of(OBJECT, still))
    assert votes[(*still, 0)].mean() < -1
    assert votes[(*still, 1)].mean() > -0.3


def test_flow_that_is_not_to_be_trusted_has_no_say():
    flow = panning()
    flow[OBJECT] += [4, 0]
    trust = np.ones(SHAPE, np.float32)
    trust[:, :20] = 0
    votes = vote(flow, planes_of(OBJECT), trust)
    assert not votes[:, :20].any()
    assert votes[:, 60:].min() < -1


def test_without_background_there_is_no_vote():
    planes = planes_of(np.s_[:, :])
    assert not vote(panning(), planes).any()
