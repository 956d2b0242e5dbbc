"""Tests of the method heads: guided heads, free heads and frozen weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.base import FramePair, Views
from scenerep_training.methods.heads import Heads, HeadsOptions
from scenerep_training.networks.encoder import build_encoder
from torch.utils.data import default_collate

from scenerep_ros.backbones.networks.attention import AttentionRecorder
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame

VIT = "vit_tiny_patch16_224"
"""It has three heads per layer."""


@pytest.fixture
def heads():
    def build(backbone: str = VIT, **changes) -> Heads:
        torch.manual_seed(0)
        options = HeadsOptions(crop_size=64).model_copy(update=changes)
        return Heads(options, build_encoder(backbone, "random"))

    return build


@pytest.fixture(scope="module")
def views() -> Views:
    """Views of bright squares on a dark background, with their masks."""
    torch.manual_seed(0)
    pairs = []
    for row, column in [(0, 0), (1, 2), (2, 1), (2, 2)]:
        mask = np.zeros((64, 64), bool)
        mask[16 * row : 16 * row + 32, 16 * column : 16 * column + 32] = True
        frame = RGBDFrame(np.where(mask, 230, 20).astype(np.uint8)[..., None].repeat(3, 2))
        pairs.append(FramePair(frame, frame, (mask, mask)))
    options = HeadsOptions(crop_size=64, min_crop=0.8)
    transform = Heads(options, build_encoder(VIT, "random")).build_transform()
    return default_collate([transform(pair) for pair in pairs])


def train(method: Heads, views: Views, steps: int = 25) -> list[float]:
    """Train; return the share of each head's attention on the foreground."""
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-3, weight_decay=0)
    for _ in range(steps):
        optimizer.zero_grad()
        method.compute_loss(views).loss.backward()
        optimizer.step()
    with AttentionRecorder() as attention, torch.no_grad():
        method.encoder(views["image"])
    patches = attention.cls_logits().softmax(-1)[..., 1:]
    mask = torch.nn.functional.avg_pool2d(views["mask"].float(), 16).flatten(1)
    return ((patches * mask[:, None]).sum(-1) / patches.sum(-1)).mean(0).tolist()


@pytest.mark.slow
def test_heads_attend_to_their_regions_after_training(heads, views):
    foreground, background, free = train(heads(), views)
    assert foreground > 0.85
    assert background < 0.15
    assert background < free < foreground


@pytest.mark.slow
def test_heads_with_background_only_avoid_foreground(heads, views):
    shares = train(heads(foreground_heads=0, background_heads=3), views)
    assert max(shares) < 0.15


def test_heads_freeze_weights_without_influence_on_attention(heads, views):
    method = heads()
    method.compute_loss(views).loss.backward()
    assert all(weight.grad is not None for weight in method.parameters() if weight.requires_grad)
    frozen = {name for name, weight in method.named_parameters() if not weight.requires_grad}
    last = "encoder.network.blocks.11"
    assert {
        f"{last}.mlp.fc1.weight",
        f"{last}.attn.proj.weight",
        "encoder.network.norm.weight",
    } <= frozen
    assert f"{last}.attn.qkv.weight" not in frozen


def test_heads_loss_under_autocast_is_computed_in_float32(heads, views):
    method = heads()
    with torch.autocast("cpu", torch.bfloat16):
        _, logits = method._encode_with_attention(views["image"])
        loss = method.compute_loss(views).loss
    assert logits.dtype == loss.dtype == torch.float32
    torch.testing.assert_close(loss, method.compute_loss(views).loss, rtol=0.05, atol=0)


def test_heads_of_convnet_raise(heads):
    with pytest.raises(ConfigError, match="no CLS token"):
        heads("test_resnet")


@pytest.mark.parametrize(("foreground", "background"), [(0, 0), (2, 2)])
def test_heads_out_of_range_raise(heads, foreground, background):
    with pytest.raises(ConfigError, match="1 to 3"):
        heads(foreground_heads=foreground, background_heads=background)
