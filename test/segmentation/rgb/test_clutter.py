"""Detection of cluttered scenes and their segments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.clutter import is_cluttered, split_clutter
from scenerep_ros.segmentation.rgb.saliency import CONSTANTS as SALIENCY

OBJECT_WIDTH = 6


def row_of_objects(kinds, rows=12):
    """Adjacent objects with one feature a kind, in front of background above and below."""
    grid = np.zeros((rows, OBJECT_WIDTH * len(kinds), 16), np.float32)
    grid[..., 0] = 1
    kind_of_column = np.repeat(kinds, OBJECT_WIDTH)
    grid[4:8] = np.eye(16)[kind_of_column + 1]
    attention = np.full(grid.shape[:2], 0.9, np.float32)
    attention[4:8] = 1.2
    return Features(grid, np.zeros(16, np.float32)), attention


def segment_labels(features, attention):
    return split_clutter(features, attention).scores.argmax(axis=0)


@pytest.mark.parametrize(
    ("foreground_attention", "expected"), [(1.2, True), (1.7, True), (2.2, False), (9, False)]
)
def test_weakly_attended_foreground_is_cluttered(foreground_attention, expected):
    attention = np.ones((6, 8), np.float32)
    attention[2:4, 3:6] = foreground_attention
    assert is_cluttered(attention) is expected


@pytest.mark.parametrize("level", [0.5, 3.0])
def test_uniform_attention_is_not_cluttered(level):
    assert not is_cluttered(np.full((4, 5), level, np.float32))


def test_objects_of_different_features_are_segments():
    labels = segment_labels(*row_of_objects([0, 1, 2, 3]))[4:8]
    for index in range(4):
        left = OBJECT_WIDTH * index
        assert len(np.unique(labels[:, left + 1 : left + 5])) == 1
    assert len(np.unique(labels)) == 4


def test_objects_of_equal_features_are_split_by_position():
    labels = segment_labels(*row_of_objects([0, 0, 0, 0]))[4:8]
    columns = np.arange(labels.shape[1])
    for label in np.unique(labels):
        assert np.ptp(columns[(labels == label).any(axis=0)]) < 2 * OBJECT_WIDTH
    assert len(np.unique(labels)) == 4


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 10**6))
def test_each_foreground_patch_is_in_one_segment(rows, columns, seed):
    rng = np.random.default_rng(seed)
    attention = rng.uniform(0.5, 1.5, (rows, columns)).astype(np.float32)
    attention[0, 0] = 1.4
    grid = rng.normal(size=(rows, columns, 8)).astype(np.float32)
    scores = split_clutter(Features(grid, np.zeros(8, np.float32)), attention).scores
    is_foreground = attention > SALIENCY.min_attention_ratio
    assert (scores.sum(axis=0)[is_foreground] == 1).all()
