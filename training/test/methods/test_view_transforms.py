"""Tests that the views of each method fit its loss."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from scenerep_training.data.views.base import GROUP, FramePair
from tiny import WIDTHS, build_method

from scenerep_ros.frames import RGBDFrame


def random_pair(seed):
    frames = np.random.default_rng(seed).integers(0, 256, (2, 60, 80, 3), np.uint8)
    return FramePair(*(RGBDFrame(color=frame) for frame in frames))


@pytest.mark.parametrize("name", WIDTHS)
def test_view_transform_pickles_and_fits_loss(name):
    sizes = {"local_size": 16} if name == "dino" else {}
    method = build_method(name, crop_size=32, **sizes)
    transform = pickle.loads(pickle.dumps(method.build_transform()))
    views = [transform(random_pair(seed)) for seed in range(4)]
    batch = {key: torch.stack([v[key] for v in views]) for key in views[0]}
    output = method.compute_loss(batch | {GROUP: torch.arange(4)})
    assert output.loss.requires_grad
    assert torch.isfinite(output.loss)
