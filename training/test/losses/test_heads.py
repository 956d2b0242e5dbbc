"""Attention towards a region: the KL divergence, its zero, and images without a region."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scenerep_training.losses.heads import look_at_loss


def test_attention_spread_over_the_region_costs_nothing():
    region = torch.tensor([[0.0, 1.0, 0.5, 0.0, 0.5]])
    scores = (region / 2).log().clamp(min=-50)[:, None].expand(-1, 3, -1)
    assert look_at_loss(scores, region) == pytest.approx(0.0, abs=1e-6)


def test_it_is_the_divergence_of_torch():
    torch.manual_seed(0)
    scores, region = torch.randn(4, 2, 9), torch.rand(4, 9)
    wanted = (region / region.sum(1, keepdim=True))[:, None].expand(-1, 2, -1)
    expected = F.kl_div(scores.log_softmax(-1), wanted, reduction="sum") / 8
    torch.testing.assert_close(look_at_loss(scores, region), expected)


def test_images_without_the_region_are_left_out():
    torch.manual_seed(0)
    scores, region = torch.randn(2, 2, 5, requires_grad=True), torch.rand(2, 5)
    region[1] = 0
    loss = look_at_loss(scores, region)
    torch.testing.assert_close(loss, look_at_loss(scores[:1], region[:1]))
    loss.backward()
    assert scores.grad[1].eq(0).all()


@pytest.mark.parametrize(("images", "heads"), [(2, 0), (0, 2)])
def test_nothing_to_teach_costs_nothing(images, heads):
    assert look_at_loss(torch.randn(images, heads, 5), torch.rand(images, 5)) == 0
