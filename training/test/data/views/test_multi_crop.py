from __future__ import annotations

import pickle

import numpy as np
import torch
from scenerep_training.config.options import MultiCropOptions
from scenerep_training.data.views.multi_crop import MultiCrop
from scenerep_training.data.views.pair import FramePair

from scenerep_ros.frames import RGBDFrame


def plain(value):
    """A frame of one grey, which blur and hue leave alone."""
    return RGBDFrame(np.full((48, 64, 3), value, np.uint8))


def test_large_crops_are_one_of_each_frame_and_small_ones_by_turns():
    make = MultiCrop(MultiCropOptions(crop_size=48, local_crops=5, local_size=24))
    torch.manual_seed(0)
    many = [pickle.loads(pickle.dumps(make))(FramePair(plain(20), plain(110))) for _ in range(8)]
    large = torch.stack([views["global"] for views in many])
    small = torch.stack([views["local"] for views in many])
    assert large.shape == (8, 2, 3, 48, 48)
    assert small.shape == (8, 5, 3, 24, 24)
    assert large.dtype == small.dtype == torch.uint8
    brightness = small.float().mean((2, 3, 4))
    assert (brightness[:, 0::2] < 50).all()
    assert (brightness[:, 1::2] > 50).all()
    assert (large[:, 0].float().mean((1, 2, 3)) < 50).all()
    assert (large[:, 1].float().mean((1, 2, 3)) > 50).all()


def test_small_crops_show_less():
    across = np.tile(np.arange(200, dtype=np.uint8), (150, 1))
    frame = RGBDFrame(np.repeat(across[..., None], 3, axis=2))
    make = MultiCrop(MultiCropOptions(crop_size=64, local_size=64, min_crop=0.5, local_crops=16))
    torch.manual_seed(0)
    views = make(FramePair(frame, frame))
    widths = [
        (view[0].float().amax() - view[0].float().amin()).item()
        for view in (*views["global"][:1], *views["local"])
    ]
    assert np.median(widths[1:]) < widths[0]
