from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.pair import FramePair
from scenerep_training.data.views.photometric import Photometric
from scenerep_training.data.views.two_views import TwoViews
from torchvision.transforms.v2 import functional as F

from scenerep_ros.frames import RGBDFrame

UNCHANGED = Photometric(jitter=(0, 0, 0, 0))


def frame(value):
    across = np.linspace(0, 100, 64, dtype=np.uint8)
    color = np.stack([np.full((48, 64), value), np.tile(across, (48, 1)), np.zeros((48, 64))], -1)
    return RGBDFrame(color.astype(np.uint8))


def test_one_view_of_each_frame():
    views = TwoViews(AugmentationOptions(crop_size=32))(FramePair(frame(10), frame(200)))["views"]
    assert views.shape == (2, 3, 32, 32)
    assert views.dtype == torch.uint8


@pytest.mark.parametrize("consistent", [True, False])
def test_crops_are_of_the_same_box_if_asked_for(consistent):
    options = AugmentationOptions(crop_size=32, consistent_crops=consistent)
    make, pair = TwoViews(options, UNCHANGED, UNCHANGED), FramePair(frame(60), frame(60))
    differences = []
    for seed in range(8):
        torch.manual_seed(seed)
        first, second = F.rgb_to_grayscale(make(pair)["views"]).float()
        differences.append(float((first - second).abs().max()))
    assert (max(differences) < 10) is consistent
