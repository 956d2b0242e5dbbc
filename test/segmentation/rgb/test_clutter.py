"""Crowds: when foreground is one, and what it is cut into."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.clutter import crowd_parts, crowded


def row_of_things(kinds, rows=12, width=6):
    """Things side by side before a background above and below; one look a kind."""
    grid = torch.zeros(rows, width * len(kinds), 16)
    grid[..., 0] = 1
    band = torch.tensor(kinds).repeat_interleave(width)
    grid[4:8] = torch.nn.functional.one_hot(band + 1, 16).float()
    attention = torch.full(grid.shape[:2], 0.9)
    attention[4:8] = 1.2
    return Features(grid, torch.zeros(16)), attention


def names(features, attention):
    return crowd_parts(features, attention).scores.numpy().argmax(axis=0)


@pytest.mark.parametrize(
    ("level", "expected"), [(1.2, True), (1.7, True), (2.2, False), (9, False)]
)
def test_foreground_that_gets_little_more_attention_than_the_rest_is_a_crowd(level, expected):
    attention = torch.ones(6, 8)
    attention[2:4, 3:6] = level
    assert crowded(attention) is expected


@pytest.mark.parametrize("level", [0.5, 3.0])
def test_an_image_without_foreground_or_without_background_is_no_crowd(level):
    assert not crowded(torch.full((4, 5), level))


def test_things_that_look_different_are_parts():
    features, attention = row_of_things([0, 1, 2, 3])
    found = names(features, attention)[4:8]
    for thing in range(4):
        assert len(np.unique(found[:, 6 * thing + 1 : 6 * thing + 5])) == 1
    assert len(np.unique(found)) == 4


def test_things_that_look_alike_are_parted_by_place():
    features, attention = row_of_things([0, 0, 0, 0])
    found = names(features, attention)[4:8]
    columns = np.arange(found.shape[1])
    for part in np.unique(found):
        assert np.ptp(columns[(found == part).any(axis=0)]) < 12  # no part is wider than two things
    assert len(np.unique(found)) == 4


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 10**6))
def test_every_cell_of_foreground_is_in_one_part(rows, columns, seed):
    rng = np.random.default_rng(seed)
    attention = torch.from_numpy(rng.uniform(0.5, 1.5, (rows, columns)).astype(np.float32))
    attention[0, 0] = 1.4
    grid = torch.from_numpy(rng.normal(size=(rows, columns, 8)).astype(np.float32))
    scores = crowd_parts(Features(grid, torch.zeros(8)), attention).scores.numpy()
    assert (scores.sum(axis=0)[attention.numpy() > 1.1] == 1).all()
