from __future__ import annotations

import cv2
import numpy as np
from scenerep_training.evaluation.label_propagation.flow_vote import FlowVote


def texture(height=120, width=160):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)


def test_labels_move_with_the_image_and_what_comes_in_is_not_trusted():
    first = texture()
    later = np.roll(first, 8, axis=1)
    later[:, :8] = 255 - later[:, :8]
    planes = np.random.default_rng(1).random((60, 80, 2)).astype(np.float32)
    planes = np.asarray(cv2.GaussianBlur(planes, (0, 0), 3), np.float32)
    carried, trust, flow = FlowVote(first, (60, 80))(planes, later)
    expected = np.roll(planes, 4, axis=1)
    inner = np.s_[8:-8, 12:-8]
    assert np.abs(carried - expected)[inner].max() < 0.02
    assert trust[inner].mean() > 0.95
    assert trust[:, :3].mean() < 0.5
    assert np.abs(flow - [-4, 0])[inner].max() < 0.2


def test_too_small_an_image_keeps_its_labels_without_trust():
    planes = np.random.default_rng(1).random((8, 8, 2)).astype(np.float32)
    carried, trust, flow = FlowVote(texture(20, 20), (8, 8))(planes, texture(20, 20))
    np.testing.assert_array_equal(carried, planes)
    assert not trust.any()
    assert not flow.any()
