from __future__ import annotations

import pytest
import torch
from moving_scene import wall_frame
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.pair import FramePair
from scenerep_training.data.views.photometric import Photometric
from scenerep_training.data.views.plain_view import PlainView

OPTIONS = AugmentationOptions(crop_size=96, min_crop=0.5)


def test_both_images_and_no_more_without_cells():
    make = PlainView(OPTIONS)
    views = make(FramePair(wall_frame(0), wall_frame(1)))
    assert not make.reads_depth
    assert list(views) == ["images"]
    assert views["images"].shape == (2, 3, 96, 96)
    assert views["images"].dtype == torch.uint8


@pytest.mark.parametrize("seed", range(5))
def test_corresponding_cells_look_the_same(seed):
    make = PlainView(OPTIONS, cells=12, change=Photometric(jitter=(0, 0, 0, 0)))
    assert make.reads_depth
    torch.manual_seed(seed)
    views = make(FramePair(wall_frame(2), wall_frame(0)))
    first, second = views["images"].float()
    found = views["correspondence"]
    assert found.shape == (12, 12, 2)
    assert found.dtype == torch.float32
    known = found.isfinite().all(-1)
    assert 0.1 < known.float().mean() < 1
    centres = torch.arange(12) / 12 + 1 / 24
    grid = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), -1)
    here, there = (
        torch.nn.functional.grid_sample(image[None], 2 * places[None] - 1, align_corners=False)[0]
        for image, places in ((first, grid), (second, found.nan_to_num()))
    )
    if first.std(0).mean() > 1 and second.std(0).mean() > 1:  # neither was made grey
        assert (here - there)[:, known].abs().mean() < 12
    else:
        assert (here - there).mean(0)[known].abs().mean() < 12


def test_without_poses_nothing_is_known():
    make = PlainView(OPTIONS, cells=6)
    views = make(FramePair(wall_frame(0, posed=False), wall_frame(1, posed=False)))
    assert views["correspondence"].isnan().all()
