"""Tests of one view per frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.photometric import PhotometricAugmentation
from scenerep_training.data.views.two_views import TwoViewTransform
from torchvision.transforms.v2 import functional as F

from scenerep_ros.frames import RGBDFrame

UNCHANGED = PhotometricAugmentation(jitter=(0, 0, 0, 0))


def ramp_frame(red):
    """Return a frame whose green channel rises from left to right."""
    ramp = np.linspace(0, 100, 64, dtype=np.uint8)
    color = np.stack([np.full((48, 64), red), np.tile(ramp, (48, 1)), np.zeros((48, 64))], -1)
    return RGBDFrame(color.astype(np.uint8))


def test_two_views_are_uint8_images_of_crop_size():
    transform = TwoViewTransform(AugmentationOptions(crop_size=32))
    views = transform(FramePair(ramp_frame(10), ramp_frame(200)))["views"]
    assert views.shape == (2, 3, 32, 32)
    assert views.dtype == torch.uint8


def test_two_views_follow_the_order_of_frames():
    options = AugmentationOptions(crop_size=32)
    transform = TwoViewTransform(options, UNCHANGED, UNCHANGED)
    torch.manual_seed(0)
    first, second = transform(FramePair(ramp_frame(0), ramp_frame(250)))["views"].float()
    assert first.mean() + 20 < second.mean()


@pytest.mark.parametrize("consistent", [True, False])
def test_two_views_show_same_box_only_if_consistent(consistent):
    options = AugmentationOptions(crop_size=32, consistent_crops=consistent)
    transform = TwoViewTransform(options, UNCHANGED, UNCHANGED)
    pair = FramePair(ramp_frame(60), ramp_frame(60))
    differences = []
    for seed in range(8):
        torch.manual_seed(seed)
        first, second = F.rgb_to_grayscale(transform(pair)["views"]).float()
        differences.append(float((first - second).abs().max()))
    assert (max(differences) < 10) is consistent
