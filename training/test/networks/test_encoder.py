"""Any timm network gives the features that the runtime takes from it, and learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.networks.encoder import Encoder, build_encoder

from scenerep_ros.backbones.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.backbones.timm_networks import wrap_network
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError

CONVNET, VIT = "test_resnet", "test_vit2"


@pytest.fixture
def images():
    return torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)


@pytest.mark.parametrize("name", [CONVNET, "mobilenetv4_conv_small_035", VIT])
def test_features_are_those_of_the_runtime(name, images):
    encoder = build_encoder(name, "random").eval()
    encoded = encoder(images[:1])
    options = BackboneOptions(backbone=name, device="cpu", precision="fp32")
    backbone = wrap_network(options, encoder.network, encoder.normalization)
    features = backbone(np.ascontiguousarray(images[0].permute(1, 2, 0)), 64)
    torch.testing.assert_close(encoded.grid[0], features.grid, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(encoded.pooled[0], features.pooled, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("side", "cells"), [(64, 4), (60, 4), (70, 4), (73, 5), (3, 1)])
def test_a_vit_takes_views_of_any_size(side, cells):
    encoder = build_encoder(VIT, "random")
    encoded = encoder(torch.randint(256, (2, 3, side, side), dtype=torch.uint8))
    assert encoded.grid.shape[:3] == (2, cells, cells)


def test_every_weight_before_the_stage_learns_and_none_after_it(images):
    encoder = build_encoder(CONVNET, "random", stage=2)
    encoder(images).grid.square().mean().backward()
    learning = [weight for weight in encoder.parameters() if weight.requires_grad]
    assert all(weight.grad is not None for weight in learning)
    assert 0 < len(learning) < len(list(encoder.parameters()))


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_norms_keep_their_statistics_and_learn_their_scale(images, frozen):
    encoder = build_encoder(CONVNET, "random", frozen_norms=frozen)
    before = {name: value.clone() for name, value in encoder.named_buffers()}
    encoder.train()(images).grid.square().mean().backward()
    after = dict(encoder.named_buffers())
    same = all(torch.equal(after[name], value) for name, value in before.items())
    assert same is frozen
    assert all(weight.grad is not None for weight in encoder.parameters() if weight.requires_grad)


def test_a_checkpoint_brings_its_stage(tmp_path):
    first = build_encoder(CONVNET, "random")
    card = ModelCard(
        architecture=CONVNET,
        mean=first.normalization.mean,
        std=first.normalization.std,
        stage=2,
        resolution=64,
        origin="a test",
        licence="none",
    )
    save_checkpoint(tmp_path, first.network.state_dict(), card)
    assert build_encoder(CONVNET, str(tmp_path)).stage == 2
    assert build_encoder(CONVNET, str(tmp_path), stage=1).stage == 1


def test_a_stage_that_is_not_there_is_refused():
    network = build_encoder(CONVNET, "random")
    with pytest.raises(ConfigError, match="stage = 9: test_resnet has the stages 0 to"):
        Encoder(CONVNET, network.network, network.normalization, stage=9)
