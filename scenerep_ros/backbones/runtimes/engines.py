"""Interface of the runtimes that execute a graph, and their selection by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.runtimes.graph import Graph
from scenerep_ros.config.options import Precision, Runtime

Arrays = Mapping[str, NDArray[np.float32]]


class Engine(Protocol):
    """Executes one graph at any image size.

    Attributes:
        precision: precision of the computation, such as "bf16".
    """

    precision: str

    def __call__(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the graph once.

        Args:
            inputs: arrays by the names of the graph's inputs.

        Returns:
            New arrays by the names of the graph's outputs.
        """


def build_engine(
    runtime: Runtime,
    graph: Graph,
    precision: Precision,
    device: str,
    keeps_compiled: bool = True,
) -> Engine:
    """Build the engine of a runtime.

    Args:
        runtime: openvino, onnxruntime or tensorrt.
        graph: graph to execute.
        precision: value of the option `precision`.
        device: "cpu" or "cuda".
        keeps_compiled: keep compiled models in the graph's folder.

    Raises:
        ConfigError: if the runtime does not support the precision.
        WeightsError: if the graph cannot be read.
    """
    if runtime == "openvino":
        from scenerep_ros.backbones.runtimes.openvino_engine import OpenVINOEngine

        return OpenVINOEngine(graph, precision, keeps_compiled)
    from scenerep_ros.backbones.runtimes.onnxruntime_engine import ONNXRuntimeEngine

    return ONNXRuntimeEngine(graph, precision, device, with_tensorrt=runtime == "tensorrt")


def thread_limit() -> int:
    """Return the number of threads that OMP_NUM_THREADS allows; 0 if it sets no limit."""
    text = os.environ.get("OMP_NUM_THREADS", "")
    return int(text) if text.isdecimal() else 0
