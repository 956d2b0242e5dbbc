"""Tests of the KL divergence between attention and a region."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scenerep_training.losses.attention_guidance import attention_guidance_loss


def test_guidance_loss_of_uniform_attention_in_region_is_zero():
    region = torch.tensor([[0.0, 1.0, 0.5, 0.0, 0.5]])
    logits = (region / 2).log().clamp(min=-50)[:, None].expand(-1, 3, -1)
    assert attention_guidance_loss(logits, region) == pytest.approx(0.0, abs=1e-6)


def test_guidance_loss_equals_kl_divergence_of_torch():
    torch.manual_seed(0)
    logits, region = torch.randn(4, 2, 9), torch.rand(4, 9)
    target = (region / region.sum(1, keepdim=True))[:, None].expand(-1, 2, -1)
    expected = F.kl_div(logits.log_softmax(-1), target, reduction="sum") / 8
    torch.testing.assert_close(attention_guidance_loss(logits, region), expected)


def test_guidance_loss_ignores_images_without_region():
    torch.manual_seed(0)
    logits, region = torch.randn(2, 2, 5, requires_grad=True), torch.rand(2, 5)
    region[1] = 0
    loss = attention_guidance_loss(logits, region)
    torch.testing.assert_close(loss, attention_guidance_loss(logits[:1], region[:1]))
    loss.backward()
    assert logits.grad[1].eq(0).all()


@pytest.mark.parametrize(("images", "heads"), [(2, 0), (0, 2)])
def test_guidance_loss_without_images_or_heads_is_zero(images, heads):
    assert attention_guidance_loss(torch.randn(images, heads, 5), torch.rand(images, 5)) == 0
