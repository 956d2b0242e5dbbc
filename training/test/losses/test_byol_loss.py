"""Tests of BYOL's loss against lightly's cosine similarity and the formula of the paper."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from lightly.loss import NegativeCosineSimilarity
from scenerep_training.losses.byol import byol_loss


def random_rows(seed):
    return torch.randn(6, 32, generator=torch.Generator().manual_seed(seed), requires_grad=True)


def test_byol_loss_of_both_orders_equals_lightly():
    predictions = random_rows(0), random_rows(1)
    targets = random_rows(2), random_rows(3)
    oracle = NegativeCosineSimilarity()
    loss = byol_loss(predictions[0], targets[1]) + byol_loss(predictions[1], targets[0])
    mean = 0.5 * (oracle(predictions[0], targets[1]) + oracle(predictions[1], targets[0]))
    torch.testing.assert_close(loss, 4 + 4 * mean, atol=1e-5, rtol=0)


def test_byol_loss_is_squared_distance_of_directions():
    difference = F.normalize(random_rows(0), dim=1) - F.normalize(random_rows(1), dim=1)
    expected = difference.square().sum(1).mean()
    torch.testing.assert_close(
        byol_loss(random_rows(0), random_rows(1)), expected, atol=1e-5, rtol=0
    )


def test_byol_loss_target_gets_no_gradient():
    prediction, target = random_rows(0), random_rows(1)
    byol_loss(prediction, target).backward()
    assert prediction.grad is not None
    assert target.grad is None


def test_byol_loss_under_autocast_is_computed_in_float32():
    prediction, target = random_rows(0).bfloat16(), random_rows(1).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = byol_loss(prediction, target)
    torch.testing.assert_close(loss, byol_loss(prediction.float(), target.float()), atol=0, rtol=0)
