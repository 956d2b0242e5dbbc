"""Tests of the method ODIN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.base import GROUP, FramePair, Views
from scenerep_training.methods.odin import ODIN, ODINOptions
from scenerep_training.networks.encoder import build_encoder
from torch.utils.data import default_collate

from scenerep_ros.frames import RGBDFrame


@pytest.fixture
def odin():
    def build(backbone: str = "test_resnet", **changes) -> ODIN:
        torch.manual_seed(0)
        options = ODINOptions(
            crop_size=64, spanning_size=96, hidden=64, projection=32, objects=4
        ).model_copy(update={"stage": -1 if "vit" in backbone else -2} | changes)
        return ODIN(options, build_encoder(backbone, "random", options.stage))

    return build


@pytest.fixture(scope="module")
def pairs() -> list[FramePair]:
    noise = np.random.default_rng(0).integers(0, 255, (4, 9, 12, 3), np.uint8)
    frames = [RGBDFrame(image.repeat(10, 0).repeat(10, 1)) for image in noise]
    return [FramePair(frame, frame) for frame in frames]


def make_batch(method: ODIN, pairs: list[FramePair]) -> Views:
    views = default_collate([method.build_transform()(pair) for pair in pairs])
    return views | {GROUP: torch.arange(len(pairs))}


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit2"])
def test_odin_loss_falls(odin, pairs, backbone):
    method = odin(backbone)
    views = make_batch(method, pairs)
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = method.compute_loss(views).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_odin_trains_online_network_only(odin, pairs):
    method = odin()
    method.compute_loss(make_batch(method, pairs)).loss.backward()
    with_gradient = {name for name, weight in method.named_parameters() if weight.grad is not None}
    trained = {name for name, weight in method.named_parameters() if weight.requires_grad}
    assert with_gradient == trained
    assert not any(name.startswith(("target", "discovery")) for name in with_gradient)


def test_odin_momentum_networks_have_their_own_momentum(odin):
    method = odin(momentum=0.75, discovery_momentum=0.5)
    with torch.no_grad():
        for weight in method.encoder.parameters():
            weight += 1
    online = next(method.encoder.parameters())
    method.after_optimizer_step()
    torch.testing.assert_close(next(method.target.parameters()), online - 0.75)
    torch.testing.assert_close(next(method.discovery.parameters()), online - 0.5)


def test_odin_logs_number_of_compared_objects(odin, pairs):
    method = odin(consistent_crops=True)
    objects = method.compute_loss(make_batch(method, pairs)).metrics["objects"]
    assert 2 < objects <= 4
