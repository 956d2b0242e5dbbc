"""Splitting of the furnishing of a room, and rooms without depth as a whole."""

import numpy as np
from scipy.special import expit

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits
from scenerep_ros.segmentation.rgb.rgb_segmentation import segment_room
from scenerep_ros.segmentation.rgb.room import split_room

GRID = (20, 28)
LEFT, RIGHT = np.s_[6:14, 3:10], np.s_[6:14, 18:25]
"""Patches of two pieces of furniture."""


def furnished_room():
    """A wall with two pieces of furniture of different features: features and logits."""
    kind = np.zeros(GRID, np.int64)
    kind[LEFT], kind[RIGHT] = 1, 2
    grid = np.eye(8, dtype=np.float32)[kind]
    furnishing = np.where(kind > 0, np.float32(6), np.float32(-6))
    logits = ForegroundLogits(np.zeros(GRID, np.float32), furnishing, is_room=True)
    return Features(grid, np.zeros(8, np.float32)), logits, kind


def test_furniture_of_different_features_is_split():
    features, logits, _ = furnished_room()
    clusters = split_room(features, expit(logits.furnishing))
    labels = clusters.scores.argmax(axis=0)
    assert len(np.unique(labels[LEFT])) == len(np.unique(labels[RIGHT])) == 1
    assert labels[LEFT][0, 0] != labels[RIGHT][0, 0]


def test_room_without_furnishing_has_no_segments():
    features, _, _ = furnished_room()
    assert split_room(features, np.zeros(GRID, np.float32)) is None


def test_room_labels_furniture_and_leaves_walls_background():
    features, logits, kind = furnished_room()
    pixels = kind.repeat(8, axis=0).repeat(8, axis=1)
    color = np.repeat((60 * pixels + 40)[..., None], 3, axis=2).astype(np.uint8)
    labels = segment_room(features, logits, color, min_area=0.001)
    assert labels.max() == 2
    np.testing.assert_array_equal(labels > 0, pixels > 0)


def test_empty_room_is_background():
    features, logits, _ = furnished_room()
    empty = ForegroundLogits(logits.salient, np.full(GRID, -6, np.float32), is_room=True)
    labels = segment_room(features, empty, np.zeros((160, 224, 3), np.uint8), min_area=0.001)
    assert not labels.any()
