"""Selection of the runtime by machine, device and installed packages."""

import platform

import onnxruntime
import pytest
import torch

from scenerep_ros.backbones.runtimes import selection
from scenerep_ros.backbones.runtimes.selection import choose_runtime
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError


@pytest.mark.parametrize(
    ("machine", "installed", "runtime"),
    [
        ("x86_64", True, "openvino"),
        ("aarch64", True, "onnxruntime"),
        ("x86_64", False, "torch"),
        ("riscv64", True, "torch"),
    ],
)
def test_choose_runtime_auto_depends_on_the_processor(monkeypatch, machine, installed, runtime):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(selection, "find_spec", lambda name: object() if installed else None)
    assert choose_runtime(BackboneOptions(device="cpu")) == (runtime, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_choose_runtime_auto_on_cuda_is_torch():
    assert choose_runtime(BackboneOptions()) == ("torch", "cuda")


def test_choose_runtime_auto_executes_random_weights_with_torch():
    options = BackboneOptions(weights="random", device="cpu")
    assert choose_runtime(options) == ("torch", "cpu")


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime", "tensorrt"])
def test_choose_runtime_that_is_missing_names_its_package(monkeypatch, runtime):
    monkeypatch.setattr(selection, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"'{runtime}': .* is not installed; pip install"):
        choose_runtime(BackboneOptions(runtime=runtime))


def test_choose_runtime_missing_on_cuda_names_the_package_for_gpus(monkeypatch):
    monkeypatch.setattr(selection, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install onnxruntime-gpu, or set runtime and device"):
        choose_runtime(BackboneOptions(runtime="onnxruntime", device="cuda"))


def test_choose_runtime_openvino_on_cuda_is_rejected():
    with pytest.raises(ConfigError, match="openvino': does not support device cuda; set runtime"):
        choose_runtime(BackboneOptions(runtime="openvino", device="cuda"))


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="needs ORT for CPUs"
)
@pytest.mark.parametrize(("runtime", "hint"), [("onnxruntime", "no CUDA"), ("tensorrt", "CUDA")])
def test_choose_runtime_without_providers_explains_the_package(runtime, hint):
    with pytest.raises(ConfigError, match=rf"'{runtime}'.*{hint}.*onnxruntime-gpu"):
        choose_runtime(BackboneOptions(runtime=runtime, device="cuda"))
