"""Heads: the first ones learn where to look, the others are left alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.base import FramePair, Views
from scenerep_training.methods.heads import Heads, HeadsOptions
from scenerep_training.networks.encoder import build_encoder
from torch.utils.data import default_collate

from scenerep_ros.backbones.attention import AttentionRecorder
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame

VIT = "vit_tiny_patch16_224"  # three heads a layer


@pytest.fixture
def heads():
    def build(backbone: str = VIT, **changes) -> Heads:
        torch.manual_seed(0)
        options = HeadsOptions(crop_size=64).model_copy(update=changes)
        return Heads(options, build_encoder(backbone, "random"))

    return build


@pytest.fixture(scope="module")
def views() -> Views:
    """Bright squares on dark ground, with their masks."""
    torch.manual_seed(0)
    pairs = []
    for row, column in [(0, 0), (1, 2), (2, 1), (2, 2)]:
        mask = np.zeros((64, 64), bool)
        mask[16 * row : 16 * row + 32, 16 * column : 16 * column + 32] = True
        frame = RGBDFrame(np.where(mask, 230, 20).astype(np.uint8)[..., None].repeat(3, 2))
        pairs.append(FramePair(frame, frame, (mask, mask)))
    make = Heads(HeadsOptions(crop_size=64, min_crop=0.8), build_encoder(VIT, "random")).build_transform()
    return default_collate([make(pair) for pair in pairs])


def learn(method: Heads, views: Views, steps: int = 25) -> torch.Tensor:
    """Train; return the share of each head's attention that is on the foreground (n,)."""
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-3, weight_decay=0)
    for _ in range(steps):
        optimizer.zero_grad()
        method.loss(views).loss.backward()
        optimizer.step()
    with AttentionRecorder() as attention, torch.no_grad():
        method.encoder(views["image"])
    patches = attention.cls_logits().softmax(-1)[..., 1:]
    mask = torch.nn.functional.avg_pool2d(views["mask"].float(), 16).flatten(1)
    return ((patches * mask[:, None]).sum(-1) / patches.sum(-1)).mean(0)


def test_heads_look_where_they_are_told(heads, views):
    foreground, background, free = learn(heads(), views).tolist()
    assert foreground > 0.85
    assert background < 0.15
    assert background < free < foreground


def test_the_numbers_of_heads_are_options(heads, views):
    shares = learn(heads(foreground_heads=0, background_heads=3), views)
    assert (shares < 0.15).all()


def test_what_attention_does_not_depend_on_stays(heads, views):
    method = heads()
    method.loss(views).loss.backward()
    assert all(weight.grad is not None for weight in method.parameters() if weight.requires_grad)
    frozen = {name for name, weight in method.named_parameters() if not weight.requires_grad}
    last = "encoder.network.blocks.11"
    assert {
        f"{last}.mlp.fc1.weight",
        f"{last}.attn.proj.weight",
        "encoder.network.norm.weight",
    } <= frozen
    assert f"{last}.attn.qkv.weight" not in frozen


def test_the_loss_is_of_full_precision_under_autocast(heads, views):
    method = heads()
    with torch.autocast("cpu", torch.bfloat16):
        _, scores = method._attend(views["image"])
        loss = method.loss(views).loss
    assert scores.dtype == loss.dtype == torch.float32
    torch.testing.assert_close(loss, method.loss(views).loss, rtol=0.05, atol=0)


def test_a_convnet_is_refused(heads):
    with pytest.raises(ConfigError, match="no CLS token"):
        heads("test_resnet")


@pytest.mark.parametrize("told", [(0, 0), (2, 2)])
def test_heads_that_are_not_there_are_refused(heads, told):
    with pytest.raises(ConfigError, match="1 to 3"):
        heads(foreground_heads=told[0], background_heads=told[1])
