"""Tests of large and small crops."""

from __future__ import annotations

import pickle

import numpy as np
import torch
from scenerep_training.config.options import MultiCropOptions
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.multi_crop import MultiCropTransform

from scenerep_ros.frames import RGBDFrame


def uniform_frame(value):
    """Return a frame of one gray value, which blur and hue shift preserve."""
    return RGBDFrame(np.full((48, 64, 3), value, np.uint8))


def test_multi_crop_draws_from_both_frames_in_turn():
    options = MultiCropOptions(crop_size=48, local_crops=5, local_size=24)
    transform = pickle.loads(pickle.dumps(MultiCropTransform(options)))
    torch.manual_seed(0)
    views = [transform(FramePair(uniform_frame(20), uniform_frame(110))) for _ in range(8)]
    large = torch.stack([view["global"] for view in views])
    small = torch.stack([view["local"] for view in views])
    assert large.shape == (8, 2, 3, 48, 48)
    assert small.shape == (8, 5, 3, 24, 24)
    assert large.dtype == small.dtype == torch.uint8
    brightness = small.float().mean((2, 3, 4))
    assert (brightness[:, 0::2] < 50).all()
    assert (brightness[:, 1::2] > 50).all()
    assert (large[:, 0].float().mean((1, 2, 3)) < 50).all()
    assert (large[:, 1].float().mean((1, 2, 3)) > 50).all()


def test_multi_crop_small_crops_cover_less():
    ramp = np.tile(np.arange(200, dtype=np.uint8), (150, 1))
    frame = RGBDFrame(np.repeat(ramp[..., None], 3, axis=2))
    options = MultiCropOptions(crop_size=64, local_size=64, min_crop=0.5, local_crops=16)
    torch.manual_seed(0)
    views = MultiCropTransform(options)(FramePair(frame, frame))

    def value_range(view):
        return (view[0].float().amax() - view[0].float().amin()).item()

    small_ranges = [value_range(view) for view in views["local"]]
    assert np.median(small_ranges) < value_range(views["global"][0])
