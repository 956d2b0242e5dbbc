"""NT-Xent, against lightly's."""

from __future__ import annotations

import pytest
import torch
from lightly.loss import NTXentLoss
from scenerep_training.losses.nt_xent import nt_xent_loss


def rows(seed, count=6):
    return torch.randn(count, 32, generator=torch.Generator().manual_seed(seed), requires_grad=True)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize("batch", [2, 9])
def test_loss_and_gradient_are_lightlys(batch, temperature):
    first, second = rows(0, batch), rows(1, batch)
    found = nt_xent_loss(first, second, temperature)
    expected = NTXentLoss(temperature)(first, second)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    gradients = [torch.autograd.grad(loss, (first, second)) for loss in (found, expected)]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)


def test_it_is_computed_in_float32():
    first, second = rows(0).bfloat16(), rows(1).bfloat16()
    expected = nt_xent_loss(first.float(), second.float(), 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        found = nt_xent_loss(first, second, 0.1)
    torch.testing.assert_close(found, expected, atol=0, rtol=0)
