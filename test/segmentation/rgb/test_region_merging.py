"""Which regions are taken together."""

import numpy as np
import torch

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.region_merging import join_regions

REGIONS = np.repeat(np.arange(4, dtype=np.int32), 10)[None].repeat(20, axis=0)
"""Four upright bands, 0 to 3."""
BROWN, WHITE = (120, 70, 40), (230, 230, 225)


def join(seen, features, color):
    regions, seen = torch.from_numpy(REGIONS).long(), torch.from_numpy(seen)
    return join_regions(regions, 4, seen, features, color)


def features(*looks):
    """A band of the grid, 2 columns wide, for each look (C,)."""
    grid = torch.tensor(looks, dtype=torch.float32).repeat_interleave(2, dim=0)
    return Features(grid.expand(4, -1, -1), torch.zeros(grid.shape[-1]))


def colors(*bands):
    return np.repeat(np.array(bands, np.uint8), 10, axis=0)[None].repeat(20, axis=0)


HEAD_AND_BODY = features((1, 0, 0), (0.3, 1, 0), (-0.3, 1, 0), (1, 0, 0.2))
"""Bands 1 and 2 are alike."""


def test_regions_of_like_features_and_colour_are_one():
    seen = (REGIONS == 1) | (REGIONS == 2)
    numbers = join(seen, HEAD_AND_BODY, colors(WHITE, BROWN, BROWN, WHITE))
    assert numbers.tolist() == [0, 1, 1, 0]


def test_regions_of_another_colour_are_apart():
    seen = (REGIONS == 1) | (REGIONS == 2)
    numbers = join(seen, HEAD_AND_BODY, colors(WHITE, BROWN, WHITE, WHITE))
    assert numbers.tolist() == [0, 1, 2, 0]


def test_regions_of_other_features_are_apart():
    numbers = join(REGIONS > 1, HEAD_AND_BODY, colors(BROWN, BROWN, BROWN, BROWN))
    assert numbers.tolist() == [0, 0, 1, 2]


def test_parts_of_a_thing_that_fills_the_image_are_one():
    filled = features((1, 0.3, 0), (1, -0.3, 0), (1, 0, 0.3), (1, 0, -0.3))
    numbers = join(REGIONS >= 0, filled, colors(BROWN, BROWN, BROWN, BROWN))
    assert numbers.tolist() == [1, 1, 1, 1]


def test_nothing_in_sight_is_no_thing():
    none = np.zeros_like(REGIONS, bool)
    numbers = join(none, HEAD_AND_BODY, colors(BROWN, BROWN, BROWN, BROWN))
    assert not numbers.any()
