"""Formats and precisions of exports, compared with the fp32 graph."""

import numpy as np
import onnx
import pytest
import safetensors.torch
import timm
import torch
from onnx import numpy_helper

from scenerep_ros.backbones.runtimes.engines import build_engine
from scenerep_ros.backbones.runtimes.loading import export_fp32
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.export.conversion import convert_graph
from scenerep_ros.export.layers import find_breaking_layer

pytest.importorskip("openvino", reason="openvino is installed on x86 only")
NAME = "resnet10t"
RUNTIMES = {"openvino": "openvino", "onnx": "onnxruntime"}


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    """Return the fp32 graph of a small convnet."""
    folder = tmp_path_factory.mktemp("fp32")
    torch.manual_seed(0)
    weights = folder.parent / "weights.safetensors"
    safetensors.torch.save_file(timm.create_model(NAME, num_classes=0).state_dict(), weights)
    return export_fp32(BackboneOptions(backbone=NAME, weights=str(weights)), folder)


@pytest.fixture(scope="module")
def images():
    """Return inputs of the graph: two images of smooth noise."""
    noise = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)
    return [{"image": image.repeat(32, axis=1).repeat(32, axis=2)[None]} for image in noise]


def run(graph, inputs, runtime, precision="auto"):
    return build_engine(runtime, graph, precision, "cpu", keeps_compiled=False)(inputs)["tokens"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("export_format", "precision", "tolerance"),
    [
        ("openvino", "fp32", 1e-4),
        ("openvino", "fp16", 1e-2),
        ("openvino", "bf16", 5e-2),
        ("openvino", "int8", 0.2),
        ("onnx", "fp32", 1e-4),
        ("onnx", "fp16", 1e-2),
        ("onnx", "int8", 0.2),
    ],
)
def test_converted_graph_is_close_to_fp32(
    exact, images, tmp_path, export_format, precision, tolerance
):
    graph = convert_graph(exact, tmp_path, export_format, precision, images)
    assert (graph.card.format, graph.card.precision) == (export_format, precision)
    expected = run(exact, images[0], "onnxruntime")
    # On a processor with bf16 instructions, auto would run the fp32 graph in bf16.
    computed_in = "fp32" if precision == "fp32" else "auto"
    actual = run(graph, images[0], RUNTIMES[export_format], computed_in)
    error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
    assert error < tolerance


@pytest.mark.slow
def test_int8_graph_is_a_quarter_of_the_size(exact, images, tmp_path):
    graph = convert_graph(exact, tmp_path, "openvino", "int8", images)
    size = graph.model_path.with_suffix(".bin").stat().st_size
    assert size < 0.3 * exact.model_path.stat().st_size


def test_onnx_in_bf16_is_rejected(exact, images, tmp_path):
    with pytest.raises(ConfigError, match=r"--precision bf16: .*--format openvino"):
        convert_graph(exact, tmp_path, "onnx", "bf16", images)


def test_breaking_layer_is_the_one_with_damaged_weights(exact, images, tmp_path):
    broken = convert_graph(exact, tmp_path, "onnx", "fp32", images)
    model = onnx.load(broken.model_path)
    damaged = [node for node in model.graph.node if node.op_type == "Conv"][5]
    (kernel,) = (item for item in model.graph.initializer if item.name == damaged.input[1])
    kernel.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(kernel), kernel.name))
    onnx.save(model, broken.model_path)
    layer = find_breaking_layer(broken, exact, images[0])
    assert layer.name.startswith(damaged.name)
    assert layer.error > 1
