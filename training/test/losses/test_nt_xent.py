"""Tests of NT-Xent against lightly's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from scenerep_training.losses.nt_xent import nt_xent_loss


def random_rows(seed, count=6):
    return torch.randn(count, 32, generator=torch.Generator().manual_seed(seed), requires_grad=True)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize("batch", [2, 9])
def test_nt_xent_loss_and_gradient_equal_lightly(batch, temperature):
    first, second = random_rows(0, batch), random_rows(1, batch)
    loss = nt_xent_loss(first, second, torch.arange(batch), temperature)
    expected = NTXentLoss(temperature)(first, second)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
    gradients = [torch.autograd.grad(value, (first, second)) for value in (loss, expected)]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)


def test_nt_xent_loss_under_autocast_is_computed_in_float32():
    first, second = random_rows(0).bfloat16(), random_rows(1).bfloat16()
    expected = nt_xent_loss(first.float(), second.float(), torch.arange(6), 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        loss = nt_xent_loss(first, second, torch.arange(6), 0.1)
    torch.testing.assert_close(loss, expected, atol=0, rtol=0)


def test_nt_xent_loss_has_no_negatives_of_same_group():
    """Each row is contrasted as in a batch without the other pairs of its group."""
    first, second = random_rows(0, 4), random_rows(1, 4)
    loss = nt_xent_loss(first, second, torch.tensor([7, 3, 7, 5]), 0.1)
    rows = []
    for row, kept in ((0, [0, 1, 3]), (1, [1, 0, 2, 3]), (2, [2, 1, 3]), (3, [3, 0, 1, 2])):
        for one, other in ((first, second), (second, first)):
            query = F.normalize(one[row], dim=0)
            views = torch.cat([other[kept], one[kept[1:]]])  # the positive comes first
            logits = F.normalize(views, dim=1) @ query / 0.1
            rows.append(-torch.log_softmax(logits, 0)[0])
    torch.testing.assert_close(loss, torch.stack(rows).mean())


def test_nt_xent_loss_of_single_group_is_zero():
    rows = random_rows(0, 3)
    assert nt_xent_loss(rows, random_rows(1, 3), torch.zeros(3, dtype=torch.long), 0.1) == 0
