"""Tests of the methods SimCLR and MoCo."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from scenerep_training.networks.encoder import build_encoder
from tiny import build_method, random_views

BATCH = 4


def test_simclr_loss_contrasts_both_views_of_all_pairs():
    method = build_method("simclr").eval()  # without batch statistics
    views = random_views(BATCH)
    first, second = (method.projector(method.encoder(v).pooled) for v in views["views"].unbind(1))
    expected = NTXentLoss(0.1)(first, second)
    torch.testing.assert_close(method.compute_loss(views).loss, expected, atol=1e-5, rtol=1e-5)


def test_moco_pushes_keys_of_second_view_into_queue():
    method = build_method("moco")
    views = random_views(BATCH)
    keys = method.key_projector(method.key_encoder(views["views"][:, 1]).pooled)
    before = method.queue.keys.clone()
    method.compute_loss(views)
    method.after_optimizer_step()
    torch.testing.assert_close(method.queue.keys[:BATCH], F.normalize(keys, dim=1))
    torch.testing.assert_close(method.queue.keys[BATCH:], before[BATCH:])


def test_moco_loss_uses_earlier_keys_as_negatives():
    method = build_method("moco").eval()
    views = random_views(BATCH)
    query = method.projector(method.encoder(views["views"][:, 0]).pooled)
    key = method.key_projector(method.key_encoder(views["views"][:, 1]).pooled)
    oracle = NTXentLoss(0.2, memory_bank_size=(12, 16))
    oracle.memory_bank.bank = method.queue.keys.clone()
    expected = oracle(query, key)
    torch.testing.assert_close(method.compute_loss(views).loss, expected, atol=1e-5, rtol=1e-5)


def test_moco_after_optimizer_step_updates_key_encoder():
    method = build_method("moco", momentum=0.9)
    before = method.key_encoder.network.layers[0].weight.clone()
    with torch.no_grad():
        method.encoder.layers[0].weight.add_(1)
    method.after_optimizer_step()
    torch.testing.assert_close(method.key_encoder.network.layers[0].weight, before + 0.1)


@pytest.mark.parametrize("name", ["simclr", "moco"])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_contrastive_methods_train_encoder_and_projector(name, backbone):
    method = build_method(name, build_encoder(backbone, "random"))
    method.compute_loss(random_views(BATCH, size=64)).loss.backward()
    trained = {key: p for key, p in method.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trained.values())
    assert {key.split(".")[0] for key in trained} == {"encoder", "projector"}


@pytest.mark.parametrize("name", ["simclr", "moco"])
def test_contrastive_loss_in_bfloat16_is_near_float32(name):
    views = random_views(BATCH)
    expected = build_method(name).compute_loss(views).loss
    with torch.autocast("cpu", torch.bfloat16):
        loss = build_method(name).compute_loss(views).loss
    assert loss.dtype == torch.float32
    assert abs(loss.item() - expected.item()) < 0.3
