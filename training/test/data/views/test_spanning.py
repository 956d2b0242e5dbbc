"""Tests of the views of ODIN and of the views that span both crops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.config.options import SpanningOptions
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.spanning import SpanningViewTransform

from scenerep_ros.frames import RGBDFrame

SIZE, SPANNING_SIZE = 64, 128


def ramp_frame():
    """Return a frame whose brightness rises from top to bottom, which augmentation preserves."""
    rows = np.broadcast_to(np.arange(128, dtype=np.uint8)[:, None], (96, 128, 3))
    return RGBDFrame(rows.copy())


def sample_box(views, index):
    """Sample the box of a view in its spanning view, at the view's size."""
    left, top, right, bottom = views["boxes"][index]
    steps = (torch.arange(SIZE) + 0.5) / SIZE
    x, y = left + steps * (right - left), top + steps * (bottom - top)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    spanning = views["spanning"][index][None].float()
    sampled = torch.nn.functional.grid_sample(spanning, 2 * grid[None] - 1, align_corners=False)[0]
    return sampled.flip(-1) if views["flips"][index] else sampled


def correlation(first, second):
    return torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]


@pytest.mark.parametrize("seed", range(8))
def test_spanning_view_contains_each_view_in_its_box(seed):
    torch.manual_seed(seed)
    options = SpanningOptions(crop_size=SIZE, spanning_size=SPANNING_SIZE)
    views = SpanningViewTransform(options)(FramePair(ramp_frame(), ramp_frame()))
    assert views["views"].shape == (2, 3, SIZE, SIZE)
    assert views["spanning"].shape == (2, 3, SPANNING_SIZE, SPANNING_SIZE)
    assert views["boxes"].shape == (2, 4)
    assert views["flips"].dtype == torch.bool
    assert torch.equal(*views["spanning"])
    for index in (0, 1):
        interior = views["views"][index].float().mean(0)[8:-8, 8:-8]
        assert correlation(interior, sample_box(views, index).mean(0)[8:-8, 8:-8]) > 0.99


@pytest.mark.parametrize("seed", range(8))
def test_spanning_view_is_bounding_box_of_crops(seed):
    torch.manual_seed(seed)
    views = SpanningViewTransform(SpanningOptions())(FramePair(ramp_frame(), ramp_frame()))
    assert views["boxes"][:, :2].amin(0).tolist() == [0, 0]
    torch.testing.assert_close(views["boxes"][:, 2:].amax(0), torch.ones(2))


def test_spanning_views_need_no_depth():
    assert not SpanningViewTransform(SpanningOptions()).needs_depth
