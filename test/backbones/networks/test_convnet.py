"""Backbones with stages."""

import numpy as np
import pytest
import timm
import torch

from scenerep_ros.backbones.networks.timm_networks import load_network
from scenerep_ros.backbones.preprocessing import Preprocessor, grid_size
from scenerep_ros.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "stage", "stride", "channels"),
    [
        ("resnet18", -1, 32, 512),
        ("resnet50", 2, 8, 512),
        ("convnext_atto", 1, 8, 80),
        ("mobilenetv4_conv_small", -2, 16, 96),
        ("swin_tiny_patch4_window7_224", 1, 8, 192),  # its layers are channels last
        ("efficientvit_b0", 0, 4, 16),
    ],
)
def test_stage_backbone_equals_the_feature_map_of_timm(
    untrained, image, name, stage, stride, channels
):
    features = untrained(name, stage=stage)(image, 128)
    height, width = grid_size(image.shape[:2], 128, stride)
    assert features.grid.shape == (height, width, channels)
    assert features.attention is None
    np.testing.assert_allclose(features.pooled, features.grid.mean(axis=(0, 1)), atol=1e-5)
    expected = timm_stage(name, stage, image, (height * stride, width * stride))
    if expected.shape[0] == channels:
        expected = expected.permute(1, 2, 0)
    np.testing.assert_allclose(features.grid, expected, rtol=1e-4, atol=1e-4)


def test_stage_backbone_parameters_exclude_later_stages(untrained):
    all_stages = untrained("resnet18").parameters
    assert all_stages == 11_689_512 - 513_000  # as published, without the classifier
    assert untrained("resnet18", stage=2).parameters < all_stages


@torch.inference_mode()
def timm_stage(name, stage, image, size):
    """Return the same feature map from timm's option features_only."""
    torch.manual_seed(0)
    full_network, normalization = load_network(name, "random")
    size_options = {"dynamic_img_size": True} if name.startswith("swin") else {}
    network = timm.create_model(
        name, features_only=True, out_indices=(stage,), num_classes=0, **size_options
    ).eval()
    weights = {key.replace(".", "_"): value for key, value in full_network.state_dict().items()}
    network.load_state_dict({key: weights[key.replace(".", "_")] for key in network.state_dict()})
    return network(torch.from_numpy(Preprocessor(normalization)(image, size)))[0][0]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_stage_backbone_in_reduced_precision_is_close(untrained, image, precision):
    exact, rounded = (
        untrained("resnet18", precision=p)(image, 128).grid for p in ("fp32", precision)
    )
    assert rounded.dtype == np.float32
    assert 0 < np.linalg.norm(exact - rounded) < 0.05 * np.linalg.norm(exact)


@pytest.mark.parametrize("stage", [5, -6])
def test_stage_backbone_without_the_stage_is_rejected(untrained, stage):
    with pytest.raises(ConfigError, match=rf"stage = {stage}: resnet18 has the stages 0 to 4"):
        untrained("resnet18", stage=stage)
