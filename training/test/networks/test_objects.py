"""Tests of object discovery, mask alignment and object pooling."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.data.views.crops import Crop
from scenerep_training.networks.objects import align_masks, discover_objects, pool_objects

REGIONS = np.zeros((120, 160), np.int64)
"""Image of three regions: a band at the left, a disc, the rest."""
REGIONS[:, :40] = 1
REGIONS[np.hypot(*np.ogrid[-60:60, -90:70]) < 35] = 2


def crop_regions(crop: Crop, size: int) -> torch.Tensor:
    return torch.stack([crop.crop_mask(region == REGIONS, size) for region in range(3)]).float()


@given(
    st.tuples(st.integers(0, 40), st.integers(0, 60)),
    st.tuples(st.integers(30, 80), st.integers(40, 100)),
    st.booleans(),
)
def test_align_masks_equals_cropping_the_regions(corner, size, flip):
    outer, crop = Crop(0, 0, 120, 160), Crop(*corner, *size, flip)
    aligned = align_masks(
        crop_regions(outer, 240)[None], crop.box_in(outer)[None], torch.tensor([flip]), grid_size=12
    )[0]
    torch.testing.assert_close(aligned.sum(0), torch.ones(12, 12))
    expected = crop_regions(crop, 240).unflatten(1, (12, 20)).unflatten(3, (12, 20)).mean((2, 4))
    assert (aligned - expected).abs().max() < 0.15
    assert (aligned - expected).abs().mean() < 0.01


def test_align_masks_uses_the_box_of_each_view():
    masks = torch.eye(2)[:, :, None, None].expand(2, 2, 4, 4).clone()  # one object per image
    masks[1, :, :, 2:] = masks[1, :, :, 2:].flip(0)
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.25, 0.0, 0.75, 1.0]])
    aligned = align_masks(masks, boxes, torch.tensor([False, True]), grid_size=2)
    assert aligned[0].equal(torch.tensor([1.0, 0.0])[:, None, None].expand(2, 2, 2))
    mirrored = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[:, None].expand(2, 2, 2)
    torch.testing.assert_close(aligned[1], mirrored, atol=0.2, rtol=0)


def test_discover_objects_finds_same_objects_in_both_images():
    torch.manual_seed(0)
    directions = torch.nn.functional.normalize(torch.randn(3, 16), dim=1)
    truth = torch.randint(3, (2, 2, 6, 6))
    grids = directions[truth] + 0.05 * torch.randn(2, 2, 6, 6, 16)
    with torch.autocast("cpu", torch.bfloat16):
        objects = discover_objects(grids, 3).argmax(2)
    for pair_objects, pair_truth in zip(objects, truth, strict=True):
        matches = zip(pair_objects.flatten().tolist(), pair_truth.flatten().tolist(), strict=True)
        assert len(set(matches)) == 3


def test_pool_objects_averages_patches_of_present_objects():
    grid = torch.randn(1, 4, 4, 8)
    masks = torch.zeros(1, 3, 4, 4)
    masks[0, 0, 1, 1], masks[0, 0, 1, 2] = 1.0, 0.5
    masks[0, 1] = 1
    with torch.autocast("cpu", torch.bfloat16):
        objects, is_present = pool_objects(grid, masks)
    expected = (grid[0, 1, 1] + 0.5 * grid[0, 1, 2]) / 1.5
    torch.testing.assert_close(objects[0, 0], expected)
    torch.testing.assert_close(objects[0, 1], grid.mean((0, 1, 2)))
    torch.testing.assert_close(objects[0, 2], grid.mean((0, 1, 2)))  # absent: the whole view
    assert is_present.tolist() == [[True, True, False]]
