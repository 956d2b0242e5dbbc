"""Foreground probability by attention, and its mask at full resolution."""

import numpy as np
import pytest

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.saliency import (
    diffuse_attention,
    foreground_mask,
    foreground_probability,
)

GRID = (10, 14)
OBJECT_PATCHES = np.s_[3:7, 4:10]


def object_features(attended_patch=(4, 5)):
    """Features of an object and a background; one patch of the object is attended to."""
    grid = np.zeros((*GRID, 8), np.float32)
    grid[..., 0] = 1
    grid[OBJECT_PATCHES] = np.eye(8)[1]
    attention = np.full((2, *GRID), 0.002, np.float32)
    attention[:, attended_patch[0], attended_patch[1]] = 0.5
    return Features(grid, np.zeros(8, np.float32), attention)


def probability(features):
    return foreground_probability(diffuse_attention(features))


def test_attention_diffuses_over_the_object():
    expected = np.zeros(GRID, bool)
    expected[OBJECT_PATCHES] = True
    np.testing.assert_array_equal(probability(object_features()) > 0.5, expected)


def test_uniform_attention_has_no_foreground():
    features = object_features()
    attention = np.full((2, *GRID), 0.005, np.float32)
    uniform = Features(features.grid, features.pooled, attention)
    assert not (probability(uniform) > 0.5).any()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_invalid_features_give_valid_probabilities(value):
    grid, attention = (np.full(shape, value, np.float32) for shape in ((4, 5, 8), (2, 4, 5)))
    result = probability(Features(grid, np.zeros(8, np.float32), attention))
    assert ((result >= 0) & (result <= 1)).all()


def test_foreground_mask_follows_color_edges():
    color = np.zeros((100, 140, 3), np.uint8)
    color[32:72, 42:102] = (200, 60, 20)
    mask = foreground_mask(probability(object_features()), color)
    expected = color[..., 0] > 0
    assert (mask & expected).sum() / (mask | expected).sum() > 0.95


@pytest.mark.parametrize("shape", [(2, 2), (3, 500), (37, 21), (480, 640)])
def test_foreground_mask_of_constant_probability_is_constant(shape):
    color = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    foreground, background = np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)
    assert foreground_mask(foreground, color).shape == shape
    assert foreground_mask(foreground, color).all()
    assert not foreground_mask(background, color).any()
