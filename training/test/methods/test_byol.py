"""BYOL as a whole."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.losses.byol import byol_loss
from scenerep_training.networks.encoder import make_encoder
from tiny import make_method, random_views

BATCH = 4


def test_each_view_predicts_the_target_of_the_other():
    method = make_method("byol")
    views = random_views(BATCH)
    first, second = views["views"].unbind(1)

    def predict(view):
        return method.predictor(method.projector(method.encoder(view).pooled))

    def aim(view):
        return method.target_projector(method.target(view).pooled)

    expected = byol_loss(predict(first), aim(second)) + byol_loss(predict(second), aim(first))
    torch.testing.assert_close(method.loss(views).loss, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_the_online_network_is_trained_and_the_target_is_not(backbone):
    method = make_method("byol", make_encoder(backbone, "random"))
    method.loss(random_views(BATCH, size=64)).loss.backward()
    trained = {name: p for name, p in method.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trained.values())
    assert {name.split(".")[0] for name in trained} == {"encoder", "projector", "predictor"}


def test_the_target_follows():
    method = make_method("byol", momentum=0.9)
    before = method.target.network.layers[0].weight.clone()
    with torch.no_grad():
        method.encoder.layers[0].weight.add_(1)
        method.projector[0].weight.add_(1)
    projector = method.target_projector.network[0].weight.clone()
    method.after_step()
    torch.testing.assert_close(method.target.network.layers[0].weight, before + 0.1)
    torch.testing.assert_close(method.target_projector.network[0].weight, projector + 0.1)


def test_the_online_network_is_exported():
    method = make_method("byol")
    assert method.exported is method.encoder


def test_16_bits_give_a_float32_loss_near_that_of_32():
    views = random_views(BATCH)
    expected = make_method("byol").loss(views).loss
    with torch.autocast("cpu", torch.bfloat16):
        found = make_method("byol").loss(views).loss
    assert found.dtype == torch.float32
    assert abs(found.item() - expected.item()) < 0.3
