"""What a method makes of a pair of frames is what its loss takes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from scenerep_training.data.views.pair import FramePair
from tiny import WIDTHS, make_method

from scenerep_ros.frames import RGBDFrame


def make_pair(seed):
    frames = np.random.default_rng(seed).integers(0, 256, (2, 60, 80, 3), np.uint8)
    return FramePair(*(RGBDFrame(color=frame) for frame in frames))


@pytest.mark.parametrize("name", WIDTHS)
def test_views_pickle_and_make_a_batch(name):
    small = {"local_size": 16} if name == "dino" else {}
    method = make_method(name, crop_size=32, **small)
    make_views = pickle.loads(pickle.dumps(method.make_views()))
    made = [make_views(make_pair(seed)) for seed in range(4)]
    step = method.loss({key: torch.stack([views[key] for views in made]) for key in made[0]})
    assert step.loss.requires_grad
    assert torch.isfinite(step.loss)
