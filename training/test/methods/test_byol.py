"""Tests of the method BYOL."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.losses.byol import byol_loss
from scenerep_training.networks.encoder import build_encoder
from tiny import build_method, random_views

BATCH = 4


def test_byol_loss_pairs_each_prediction_with_other_target():
    method = build_method("byol")
    views = random_views(BATCH)
    first, second = views["views"].unbind(1)

    def predict(view):
        return method.predictor(method.projector(method.encoder(view).pooled))

    def target(view):
        return method.target_projector(method.target(view).pooled)

    expected = byol_loss(predict(first), target(second)) + byol_loss(predict(second), target(first))
    torch.testing.assert_close(method.compute_loss(views).loss, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_byol_trains_online_network_only(backbone):
    method = build_method("byol", build_encoder(backbone, "random"))
    method.compute_loss(random_views(BATCH, size=64)).loss.backward()
    trained = {name: p for name, p in method.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trained.values())
    assert {name.split(".")[0] for name in trained} == {"encoder", "projector", "predictor"}


def test_byol_after_optimizer_step_updates_target():
    method = build_method("byol", momentum=0.9)
    encoder = method.target.network.layers[0].weight.clone()
    projector = method.target_projector.network[0].weight.clone()
    with torch.no_grad():
        method.encoder.layers[0].weight.add_(1)
        method.projector[0].weight.add_(1)
    method.after_optimizer_step()
    torch.testing.assert_close(method.target.network.layers[0].weight, encoder + 0.1)
    torch.testing.assert_close(method.target_projector.network[0].weight, projector + 0.1)


def test_byol_exports_online_encoder():
    method = build_method("byol")
    assert method.exported_encoder is method.encoder


def test_byol_loss_in_bfloat16_is_near_float32():
    views = random_views(BATCH)
    expected = build_method("byol").compute_loss(views).loss
    with torch.autocast("cpu", torch.bfloat16):
        loss = build_method("byol").compute_loss(views).loss
    assert loss.dtype == torch.float32
    assert abs(loss.item() - expected.item()) < 0.3
