"""Foreground by attention, and its way to the pixel."""

import numpy as np
import pytest
import torch

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.saliency import noticed, to_pixels, walked_attention


def scene(attended=(4, 5)):
    """A thing (rows 3 to 6, columns 4 to 9) before a background; one of its cells is attended to."""
    grid = torch.zeros(10, 14, 8)
    grid[..., 0] = 1
    grid[3:7, 4:10] = torch.eye(8)[1]
    attention = torch.full((2, 10, 14), 0.002)
    attention[:, attended[0], attended[1]] = 0.5
    return Features(grid, torch.zeros(8), attention)


def probability(features):
    return noticed(walked_attention(features))


def test_attention_reaches_all_that_looks_alike():
    expected = np.zeros((10, 14), bool)
    expected[3:7, 4:10] = True
    np.testing.assert_array_equal(probability(scene()).numpy() > 0.5, expected)


def test_even_attention_notices_nothing():
    features = scene()
    even = Features(features.grid, features.pooled, torch.full((2, 10, 14), 0.005))
    assert not (probability(even) > 0.5).any()


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), 0.0])
def test_broken_features_give_probabilities(broken):
    grid = torch.full((4, 5, 8), broken)
    attention = torch.full((2, 4, 5), broken)
    found = probability(Features(grid, torch.zeros(8), attention))
    assert ((found >= 0) & (found <= 1)).all()


def test_borders_follow_colour():
    color = np.zeros((100, 140, 3), np.uint8)
    color[32:72, 42:102] = (200, 60, 20)
    mask = to_pixels(probability(scene()), color).numpy()
    truth = color[..., 0] > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.95


@pytest.mark.parametrize("shape", [(2, 2), (3, 500), (37, 21), (480, 640)])
def test_any_size_of_image(shape):
    color = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert to_pixels(torch.ones(2, 3), color).all()
    assert not to_pixels(torch.zeros(2, 3), color).any()
