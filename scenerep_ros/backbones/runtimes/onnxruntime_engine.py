"""Execution of a graph by ONNX Runtime on a CPU, or on CUDA with or without TensorRT."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from scenerep_ros.backbones.runtimes.engines import Arrays, thread_limit
from scenerep_ros.backbones.runtimes.graph import EXPORT_AGAIN, Graph
from scenerep_ros.backbones.runtimes.selection import CUDA_PROVIDER, TENSORRT_PROVIDER
from scenerep_ros.config.options import Precision
from scenerep_ros.errors import ConfigError, WeightsError


class ONNXRuntimeEngine:
    """Session of ONNX Runtime.

    Its CPU and CUDA providers compute in the types of the graph: fp32, or int8 if it was exported so.
    TensorRT compiles an engine for the device in the selected precision, and keeps it in the graph's
    folder.

    Args:
        graph: graph in the ONNX format.
        precision: auto selects fp32, and fp16 with TensorRT.
        device: "cpu" or "cuda".
        with_tensorrt: use TensorRT for the subgraphs that it supports.

    Raises:
        ConfigError: if the provider does not support the precision, or the graph has another format.
        WeightsError: if ONNX Runtime cannot read the graph.
    """

    def __init__(
        self, graph: Graph, precision: Precision, device: str, with_tensorrt: bool = False
    ) -> None:
        if graph.card.format != "onnx":
            raise ConfigError(
                f"{graph.folder}: is in the format {graph.card.format}, which only openvino executes; "
                "set runtime to openvino or export to onnx"
            )
        self.precision = _precision(precision, graph, with_tensorrt)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_limit()
        providers = _providers(graph, self.precision, device, with_tensorrt)
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph.model_path), options, providers=providers
            )
        except Exception as error:  # its exceptions share no base class but Exception
            reason = " ".join(str(error).split())
            raise WeightsError(
                f"{graph.model_path}: ONNX Runtime cannot load it ({reason}); {EXPORT_AGAIN}"
            ) from None
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the graph once; see `Engine`."""
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))


def _precision(precision: Precision, graph: Graph, with_tensorrt: bool) -> str:
    if graph.card.precision == "int8":
        return "int8"
    if with_tensorrt:
        return "fp16" if precision == "auto" else precision
    if precision not in ("auto", graph.card.precision):
        raise ConfigError(
            f"precision = '{precision}': onnxruntime computes in the precision of the graph, "
            f"{graph.card.precision}; set precision to auto, or use `scenerep export --precision "
            f"{precision}`"
        )
    return graph.card.precision


def _providers(graph: Graph, precision: str, device: str, with_tensorrt: bool) -> list[Any]:
    """Return the providers in order of preference."""
    tensorrt = {
        "trt_fp16_enable": precision == "fp16",
        "trt_bf16_enable": precision == "bf16",
        "trt_int8_enable": precision == "int8",
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(graph.folder),
    }
    providers: list[Any] = [(TENSORRT_PROVIDER, tensorrt)] if with_tensorrt else []
    if device == "cuda":
        providers.append(CUDA_PROVIDER)
    return [*providers, "CPUExecutionProvider"]
