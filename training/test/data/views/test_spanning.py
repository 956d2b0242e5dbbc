from __future__ import annotations

import numpy as np
import pytest
import torch
from moving_scene import wall_frame
from scenerep_training.config.options import SpanningOptions
from scenerep_training.data.views.pair import FramePair
from scenerep_training.data.views.spanning import SpanningViews

from scenerep_ros.frames import RGBDFrame

SIZE, SPAN = 64, 128


def gradient():
    """Brightness tells the column, over which colours' changes keep the order."""
    columns = np.broadcast_to(np.arange(128, dtype=np.uint8)[:, None], (96, 128, 3))
    return RGBDFrame(columns.copy())


def resampled(views, index):
    """What the box of a view holds in its spanning view, at the view's size."""
    left, top, right, bottom = views["boxes"][index]
    steps = (torch.arange(SIZE) + 0.5) / SIZE
    x, y = left + steps * (right - left), top + steps * (bottom - top)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    spanning = views["spanning"][index][None].float()
    found = torch.nn.functional.grid_sample(spanning, 2 * grid[None] - 1, align_corners=False)[0]
    return found.flip(-1) if views["flips"][index] else found


def correlation(first, second):
    return torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]


@pytest.mark.parametrize("seed", range(8))
def test_a_view_is_what_its_box_holds_in_the_spanning_view(seed):
    torch.manual_seed(seed)
    options = SpanningOptions(crop_size=SIZE, spanning_size=SPAN)
    views = SpanningViews(options)(FramePair(gradient(), gradient()))
    assert views["views"].shape == (2, 3, SIZE, SIZE)
    assert views["spanning"].shape == (2, 3, SPAN, SPAN)
    assert views["boxes"].shape == (2, 4)
    assert views["flips"].dtype == torch.bool
    assert torch.equal(*views["spanning"])
    for index in (0, 1):
        inner = views["views"][index].float().mean(0)[8:-8, 8:-8]
        assert correlation(inner, resampled(views, index).mean(0)[8:-8, 8:-8]) > 0.99


@pytest.mark.parametrize("seed", range(8))
def test_the_spanning_view_is_no_larger_than_it_must_be(seed):
    torch.manual_seed(seed)
    boxes = SpanningViews(SpanningOptions())(FramePair(gradient(), gradient()))["boxes"]
    assert boxes[:, :2].amin(0).tolist() == [0, 0]
    torch.testing.assert_close(boxes[:, 2:].amax(0), torch.ones(2))


def test_corresponding_cells_of_the_spanning_views_look_the_same():
    make = SpanningViews(SpanningOptions(crop_size=SIZE, spanning_size=SPAN), cells=16)
    assert make.reads_depth
    torch.manual_seed(1)
    views = make(FramePair(wall_frame(2), wall_frame(0)))
    found = views["correspondence"]
    assert found.shape == (16, 16, 2)
    known = found.isfinite().all(-1)
    assert known.float().mean() > 0.5
    steps = (torch.arange(16) + 0.5) / 16
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)
    assert (found - grid)[known].abs().max() > 0.02  # the camera moved
    here, there = (
        torch.nn.functional.grid_sample(
            image[None].float(), 2 * places[None] - 1, align_corners=False
        )
        for image, places in zip(views["spanning"], (grid, found.nan_to_num()), strict=True)
    )
    assert (here - there)[0, :, known].abs().mean() < 6


def test_no_correspondences_unless_asked_for():
    make = SpanningViews(SpanningOptions(crop_size=SIZE))
    assert not make.reads_depth
    assert "correspondence" not in make(FramePair(gradient(), gradient()))
