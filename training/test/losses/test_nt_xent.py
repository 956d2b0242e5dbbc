"""Tests of NT-Xent against lightly's."""

from __future__ import annotations

import pytest
import torch
from lightly.loss import NTXentLoss
from scenerep_training.losses.nt_xent import nt_xent_loss


def random_rows(seed, count=6):
    return torch.randn(count, 32, generator=torch.Generator().manual_seed(seed), requires_grad=True)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize("batch", [2, 9])
def test_nt_xent_loss_and_gradient_equal_lightly(batch, temperature):
    first, second = random_rows(0, batch), random_rows(1, batch)
    loss = nt_xent_loss(first, second, temperature)
    expected = NTXentLoss(temperature)(first, second)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
    gradients = [torch.autograd.grad(value, (first, second)) for value in (loss, expected)]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)


def test_nt_xent_loss_under_autocast_is_computed_in_float32():
    first, second = random_rows(0).bfloat16(), random_rows(1).bfloat16()
    expected = nt_xent_loss(first.float(), second.float(), 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        loss = nt_xent_loss(first, second, 0.1)
    torch.testing.assert_close(loss, expected, atol=0, rtol=0)
