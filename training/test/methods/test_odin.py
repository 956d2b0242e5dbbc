"""ODIN: it learns, its targets follow, and its views fit its loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.pair import FramePair, Views
from scenerep_training.methods.odin import ODIN, ODINOptions
from scenerep_training.networks.encoder import make_encoder
from torch.utils.data import default_collate

from scenerep_ros.frames import RGBDFrame


@pytest.fixture
def odin():
    def build(backbone: str = "test_resnet", **changes) -> ODIN:
        torch.manual_seed(0)
        options = ODINOptions(
            crop_size=64, spanning_size=96, hidden=64, projection=32, objects=4
        ).model_copy(update={"stage": -2} | changes)
        return ODIN(options, make_encoder(backbone, "random", options.stage))

    return build


@pytest.fixture(scope="module")
def pairs() -> list[FramePair]:
    noise = np.random.default_rng(0).integers(0, 255, (4, 9, 12, 3), np.uint8)
    frames = [RGBDFrame(image.repeat(10, 0).repeat(10, 1)) for image in noise]
    return [FramePair(frame, frame) for frame in frames]


def batch(method: ODIN, pairs: list[FramePair]) -> Views:
    return default_collate([method.make_views()(pair) for pair in pairs])


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit2"])
def test_the_loss_falls(odin, pairs, backbone):
    method = odin(backbone)
    views = batch(method, pairs)
    optimiser = torch.optim.AdamW(method.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = method.loss(views).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_only_the_online_network_learns(odin, pairs):
    method = odin()
    method.loss(batch(method, pairs)).loss.backward()
    moved = {name for name, weight in method.named_parameters() if weight.grad is not None}
    learning = {name for name, weight in method.named_parameters() if weight.requires_grad}
    assert moved == learning
    assert not any(name.startswith(("target", "discovery")) for name in moved)


def test_targets_follow_by_their_own_momenta(odin):
    method = odin(momentum=0.75, discovery_momentum=0.5)
    with torch.no_grad():
        for weight in method.encoder.parameters():
            weight += 1
    online = next(method.encoder.parameters())
    method.after_step()
    torch.testing.assert_close(next(method.target.parameters()), online - 0.75)
    torch.testing.assert_close(next(method.discovery.parameters()), online - 0.5)


def test_the_log_says_how_many_objects_were_compared(odin, pairs):
    method = odin(consistent_crops=True)
    objects = method.loss(batch(method, pairs)).parts["objects"]
    assert 2 < objects <= 4
