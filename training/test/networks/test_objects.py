"""Objects: found in pairs, kept aligned with crops through boxes and flips, and pooled."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.data.views.crops import Crop
from scenerep_training.networks.objects import align_masks, discover_objects, pool_objects

REGIONS = np.zeros((120, 160), np.int64)
"""A picture of three known regions: a band at the left, a disc, the rest."""
REGIONS[:, :40] = 1
REGIONS[np.hypot(*np.ogrid[-60:60, -90:70]) < 35] = 2


def masks_in(crop: Crop, size: int) -> torch.Tensor:
    return torch.stack([crop.mask(region == REGIONS, size) for region in range(3)]).float()


@given(
    st.tuples(st.integers(0, 40), st.integers(0, 60)),
    st.tuples(st.integers(30, 80), st.integers(40, 100)),
    st.booleans(),
)
def test_masks_follow_crops_through_boxes_and_flips(corner, size, flip):
    span, crop = Crop(0, 0, 120, 160), Crop(*corner, *size, flip)
    found = align_masks(
        masks_in(span, 240)[None], crop.box_in(span)[None], torch.tensor([flip]), cells=12
    )[0]
    torch.testing.assert_close(found.sum(0), torch.ones(12, 12))
    truth = masks_in(crop, 240).unflatten(1, (12, 20)).unflatten(3, (12, 20)).mean((2, 4))
    assert (found - truth).abs().max() < 0.15
    assert (found - truth).abs().mean() < 0.01


def test_views_of_a_batch_have_boxes_of_their_own():
    masks = torch.eye(2)[:, :, None, None].expand(2, 2, 4, 4).clone()  # two pictures of one object
    masks[1, :, :, 2:] = masks[1, :, :, 2:].flip(0)
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.25, 0.0, 0.75, 1.0]])
    found = align_masks(masks, boxes, torch.tensor([False, True]), cells=2)
    assert found[0].equal(torch.tensor([1.0, 0.0])[:, None, None].expand(2, 2, 2))
    right_half_first = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[:, None].expand(2, 2, 2)
    torch.testing.assert_close(found[1], right_half_first, atol=0.2, rtol=0)


def test_objects_carry_over_to_the_second_image():
    torch.manual_seed(0)
    kinds = torch.nn.functional.normalize(torch.randn(3, 16), dim=1)
    where = torch.randint(3, (2, 2, 6, 6))
    grids = kinds[where] + 0.05 * torch.randn(2, 2, 6, 6, 16)
    with torch.autocast("cpu", torch.bfloat16):
        found = discover_objects(grids, 3).argmax(2)
    for pair, truth in zip(found, where, strict=True):
        names = {(int(a), int(b)) for a, b in zip(pair.flatten(), truth.flatten(), strict=True)}
        assert len(names) == 3  # one object a kind, in both images


def test_an_object_has_the_mean_of_its_cells():
    grid = torch.randn(1, 4, 4, 8)
    masks = torch.zeros(1, 3, 4, 4)
    masks[0, 0, 1, 1], masks[0, 0, 1, 2] = 1.0, 0.5
    masks[0, 1] = 1
    with torch.autocast("cpu", torch.bfloat16):
        objects, present = pool_objects(grid, masks)
    expected = (grid[0, 1, 1] + 0.5 * grid[0, 1, 2]) / 1.5
    torch.testing.assert_close(objects[0, 0], expected)
    torch.testing.assert_close(objects[0, 1], grid.mean((0, 1, 2)))
    torch.testing.assert_close(objects[0, 2], grid.mean((0, 1, 2)))  # absent: the whole view
    assert present.tolist() == [[True, True, False]]
