"""Tests of the encoder against the features of the runtime, and of its frozen parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.networks.encoder import Encoder, build_encoder

from scenerep_ros.backbones.networks.timm_networks import wrap_network
from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError

CONVNET, VIT = "test_resnet", "test_vit2"


@pytest.fixture
def images():
    return torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)


@pytest.mark.parametrize("name", [CONVNET, "mobilenetv4_conv_small_035", VIT, f"{VIT}.dino"])
def test_encoder_features_equal_runtime_features(name, images):
    encoder = build_encoder(name.removesuffix(".dino"), "random").eval()
    # The name says whether the position embedding is resized with antialiasing.
    encoder = Encoder(name, encoder.network, encoder.normalization).eval()
    output = encoder(images[:1])
    options = BackboneOptions(backbone=name, device="cpu", precision="fp32")
    backbone = wrap_network(options, encoder.network, encoder.normalization)
    features = backbone(np.ascontiguousarray(images[0].permute(1, 2, 0)), 64)
    np.testing.assert_allclose(output.grid[0].detach(), features.grid, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(output.pooled[0].detach(), features.pooled, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("side", "grid_size"), [(64, 4), (60, 4), (70, 4), (73, 5), (3, 1)])
def test_encoder_vit_resizes_images_to_whole_patches(side, grid_size):
    encoder = build_encoder(VIT, "random")
    output = encoder(torch.randint(256, (2, 3, side, side), dtype=torch.uint8))
    assert output.grid.shape[:3] == (2, grid_size, grid_size)


def test_encoder_trains_layers_up_to_stage(images):
    encoder = build_encoder(CONVNET, "random", stage=2)
    encoder(images).grid.square().mean().backward()
    trained = [weight for weight in encoder.parameters() if weight.requires_grad]
    assert all(weight.grad is not None for weight in trained)
    assert 0 < len(trained) < len(list(encoder.parameters()))


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_norms_keep_statistics_and_train_scale(images, frozen):
    encoder = build_encoder(CONVNET, "random", frozen_norms=frozen)
    before = {name: value.clone() for name, value in encoder.named_buffers()}
    encoder(images).grid.square().mean().backward()
    after = dict(encoder.named_buffers())
    is_unchanged = all(torch.equal(after[name], value) for name, value in before.items())
    assert is_unchanged is frozen
    assert all(weight.grad is not None for weight in encoder.parameters() if weight.requires_grad)


def test_build_encoder_takes_stage_from_checkpoint(tmp_path):
    encoder = build_encoder(CONVNET, "random")
    card = ModelCard(
        architecture=CONVNET,
        mean=encoder.normalization.mean,
        std=encoder.normalization.std,
        stage=2,
        resolution=64,
        origin="a test",
        license="none",
    )
    save_checkpoint(tmp_path, encoder.network.state_dict(), card)
    assert build_encoder(CONVNET, str(tmp_path)).stage == 2
    assert build_encoder(CONVNET, str(tmp_path), stage=1).stage == 1


def test_encoder_with_unknown_stage_raises():
    encoder = build_encoder(CONVNET, "random")
    with pytest.raises(ConfigError, match="stage = 9: test_resnet has the stages 0 to"):
        Encoder(CONVNET, encoder.network, encoder.normalization, stage=9)


def test_stage_of_vit_is_refused():
    with pytest.raises(ConfigError, match="has no stages"):
        build_encoder("test_vit", "random", stage=1)


def test_frozen_block_and_embedding_get_no_gradient():
    encoder = build_encoder(VIT, "random")
    encoder.freeze_blocks(1)
    encoder(torch.rand(1, 3, 64, 64) * 255).grid.sum().backward()
    weights = dict(encoder.network.named_parameters())
    trained = {name for name, weight in weights.items() if weight.grad is not None}
    assert not any(name.startswith(("blocks.0.", "patch_embed", "pos_embed")) for name in trained)
    assert any(name.startswith("blocks.1.") for name in trained)


@pytest.mark.parametrize(("name", "count"), [(VIT, 99), (CONVNET, 1)])
def test_more_frozen_blocks_than_network_has_are_refused(name, count):
    with pytest.raises(ConfigError, match="transformer blocks"):
        build_encoder(name, "random").freeze_blocks(count)
