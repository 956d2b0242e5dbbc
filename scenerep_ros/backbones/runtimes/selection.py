"""Selection of the runtime that executes a backbone."""

from __future__ import annotations

import platform
from importlib.util import find_spec

from scenerep_ros.backbones.hardware import DeviceName, choose_device, has_gpu_driver
from scenerep_ros.config.options import BackboneOptions, Device, Runtime
from scenerep_ros.errors import ConfigError

CPU_RUNTIMES: dict[str, Runtime] = {
    "x86_64": "openvino",
    "AMD64": "openvino",
    "aarch64": "onnxruntime",
    "arm64": "onnxruntime",
}
"""Runtime that `auto` selects on a CPU, by the machine's architecture, if it is installed."""
PACKAGES = {
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
    "tensorrt": "onnxruntime-gpu",
}
"""Package on PyPI of each runtime but torch."""
TENSORRT_PROVIDER, CUDA_PROVIDER = "TensorrtExecutionProvider", "CUDAExecutionProvider"


def choose_runtime(options: BackboneOptions) -> tuple[Runtime, DeviceName]:
    """Return the runtime and the device that the options select.

    `auto` selects torch on CUDA, and on a CPU the runtime of its architecture. Random weights are
    executed by torch, because they differ at each start and an export of them has no use.

    Raises:
        ConfigError: if the runtime is not installed, or does not support the device.
    """
    if options.runtime != "auto":
        return options.runtime, _device_of(options.runtime, options.device)
    device = choose_device(options.device)
    preferred = CPU_RUNTIMES.get(platform.machine())
    if device == "cuda" or options.weights == "random" or preferred is None:
        return "torch", device
    return (preferred if find_spec(preferred) else "torch"), device


def recommended_package(options: BackboneOptions, runtime: Runtime, device: DeviceName) -> str:
    """Return the package with which `auto` would select a runtime for this CPU, or ""."""
    preferred = CPU_RUNTIMES.get(platform.machine())
    is_fallback = options.runtime == "auto" and runtime == "torch" and device == "cpu"
    if not is_fallback or preferred is None or find_spec(preferred) is not None:
        return ""
    return PACKAGES[preferred]


def _device_of(runtime: Runtime, device: Device) -> DeviceName:
    if runtime == "torch":
        return choose_device(device)
    _check_installed(runtime, device)
    if runtime == "openvino":
        if device == "cuda":
            raise ConfigError(
                "runtime = 'openvino': does not support device cuda; set runtime to tensorrt or "
                "torch, or device to cpu"
            )
        return "cpu"
    return _onnxruntime_device(runtime, device)


def _check_installed(runtime: Runtime, device: Device) -> None:
    module = "openvino" if runtime == "openvino" else "onnxruntime"
    if find_spec(module) is None:
        package = PACKAGES["tensorrt" if device == "cuda" and module == "onnxruntime" else runtime]
        raise ConfigError(
            f"runtime = '{runtime}': {module} is not installed; pip install {package}, or set runtime "
            "and device to auto"
        )


def _onnxruntime_device(runtime: Runtime, device: Device) -> DeviceName:
    """Return the device of ONNX Runtime, whose build determines what it supports."""
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    has_gpu = has_gpu_driver()
    if runtime == "tensorrt":
        if device == "cpu" or TENSORRT_PROVIDER not in providers or not has_gpu:
            raise ConfigError(
                f"runtime = 'tensorrt', device = '{device}': needs a CUDA device and an ONNX Runtime "
                f"with TensorRT (this one has {', '.join(providers)}); pip install "
                f"{PACKAGES[runtime]} tensorrt, or set runtime to auto"
            )
        return "cuda"
    has_cuda = has_gpu and CUDA_PROVIDER in providers
    if device == "cuda" and not has_cuda:
        raise ConfigError(
            "runtime = 'onnxruntime': there is no CUDA device, or this ONNX Runtime has no CUDA; pip "
            "install onnxruntime-gpu, or set device to cpu"
        )
    return "cuda" if has_cuda and device != "cpu" else "cpu"
