"""SimCLR and MoCo as a whole."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from scenerep_training.networks.encoder import make_encoder
from tiny import make_method, random_views

BATCH = 4


def test_simclr_contrasts_the_two_views_of_all_pairs():
    method = make_method("simclr").eval()  # batch normalisation then knows no batch
    views = random_views(BATCH)
    first, second = (method.projector(method.encoder(v).pooled) for v in views["views"].unbind(1))
    expected = NTXentLoss(0.1)(first, second)
    torch.testing.assert_close(method.loss(views).loss, expected, atol=1e-5, rtol=1e-5)


def test_mocos_keys_are_of_the_second_view_and_go_into_the_queue():
    method = make_method("moco")
    views = random_views(BATCH)
    keys = method.key_projector(method.key_encoder(views["views"][:, 1]).pooled)
    before = method.queue.keys.clone()
    method.loss(views)
    torch.testing.assert_close(method.queue.keys[:BATCH], F.normalize(keys, dim=1))
    torch.testing.assert_close(method.queue.keys[BATCH:], before[BATCH:])


def test_mocos_loss_has_the_keys_before_it_as_negatives():
    method = make_method("moco").eval()
    views = random_views(BATCH)
    query = method.projector(method.encoder(views["views"][:, 0]).pooled)
    key = method.key_projector(method.key_encoder(views["views"][:, 1]).pooled)
    oracle = NTXentLoss(0.2, memory_bank_size=(12, 16))
    oracle.memory_bank.bank = method.queue.keys.clone()
    expected = oracle(query, key)
    torch.testing.assert_close(method.loss(views).loss, expected, atol=1e-5, rtol=1e-5)


def test_mocos_key_encoder_follows():
    method = make_method("moco", momentum=0.9)
    before = method.key_encoder.network.layers[0].weight.clone()
    with torch.no_grad():
        method.encoder.layers[0].weight.add_(1)
    method.after_step()
    torch.testing.assert_close(method.key_encoder.network.layers[0].weight, before + 0.1)


@pytest.mark.parametrize("name", ["simclr", "moco"])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_the_query_side_is_trained(name, backbone):
    method = make_method(name, make_encoder(backbone, "random"))
    method.loss(random_views(BATCH, size=64)).loss.backward()
    trained = {key: p for key, p in method.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trained.values())
    assert {key.split(".")[0] for key in trained} == {"encoder", "projector"}


@pytest.mark.parametrize("name", ["simclr", "moco"])
def test_16_bits_give_a_float32_loss_near_that_of_32(name):
    views = random_views(BATCH)
    expected = make_method(name).loss(views).loss
    with torch.autocast("cpu", torch.bfloat16):
        found = make_method(name).loss(views).loss
    assert found.dtype == torch.float32
    assert abs(found.item() - expected.item()) < 0.3
