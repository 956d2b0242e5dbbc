"""BYOL's loss, against lightly's cosine and the paper's own form."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from lightly.loss import NegativeCosineSimilarity
from scenerep_training.losses.byol import byol_loss


def rows(seed):
    return torch.randn(6, 32, generator=torch.Generator().manual_seed(seed), requires_grad=True)


def test_both_orders_together_are_lightlys_symmetric_form():
    predictions, targets, oracle = (
        (rows(0), rows(1)),
        (rows(2), rows(3)),
        NegativeCosineSimilarity(),
    )
    found = byol_loss(predictions[0], targets[1]) + byol_loss(predictions[1], targets[0])
    mean = 0.5 * (oracle(predictions[0], targets[1]) + oracle(predictions[1], targets[0]))
    torch.testing.assert_close(found, 4 + 4 * mean, atol=1e-5, rtol=0)


def test_it_is_the_squared_distance_of_directions():
    distance = F.normalize(rows(0), dim=1) - F.normalize(rows(1), dim=1)
    expected = distance.square().sum(1).mean()
    torch.testing.assert_close(byol_loss(rows(0), rows(1)), expected, atol=1e-5, rtol=0)


def test_the_target_gets_no_gradient():
    prediction, target = rows(0), rows(1)
    byol_loss(prediction, target).backward()
    assert prediction.grad is not None
    assert target.grad is None


def test_it_is_computed_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        found = byol_loss(rows(0).bfloat16(), rows(1).bfloat16())
    expected = byol_loss(rows(0).bfloat16().float(), rows(1).bfloat16().float())
    torch.testing.assert_close(found, expected, atol=0, rtol=0)
