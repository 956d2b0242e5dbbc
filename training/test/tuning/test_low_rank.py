"""Tests of low-rank updates of the last block."""

from __future__ import annotations

import timm
import torch
from scenerep_training.tuning.low_rank import LastBlock, apply_update, supports_low_rank
from scenerep_training.tuning.token_cache import record_last_input


def build_vit():
    torch.manual_seed(0)
    return timm.create_model("test_vit", num_classes=0, dynamic_img_size=True).eval()


def features_of(network, image):
    tokens = network.forward_features(image)
    return tokens[:, network.num_prefix_tokens :]


def test_last_block_continues_recorded_tokens():
    network, image = build_vit(), torch.randn(1, 3, 96, 64)
    with record_last_input(network) as inputs:
        expected = features_of(network, image)
    torch.testing.assert_close(LastBlock(network)(inputs[0]), expected)


def test_merged_update_equals_trained_block():
    network, image = build_vit(), torch.randn(1, 3, 64, 64)
    block = LastBlock(network)
    for name, weight in block.named_parameters():
        if name.endswith("up"):
            torch.nn.init.normal_(weight)
    with record_last_input(network) as inputs:
        before = features_of(network, image)
    queries_and_keys = network.blocks[-1].attn.qkv.weight[:-64].clone()
    apply_update(network, block.merged_state())
    after = features_of(network, image)
    torch.testing.assert_close(block(inputs[0]), after)
    assert not torch.allclose(before, after, atol=1e-3)
    assert torch.equal(network.blocks[-1].attn.qkv.weight[:-64], queries_and_keys)


def test_only_plain_vits_support_low_rank():
    assert supports_low_rank(build_vit())
    assert not supports_low_rank(timm.create_model("test_resnet", num_classes=0))
