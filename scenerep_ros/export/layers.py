"""Search for the layer at which an export departs from its fp32 graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.runtimes.graph import Graph

COMPARED_TYPES = ("Convolution", "MatMul", "Add", "MVN", "Softmax", "Gelu")
"""Types of the operations whose results are compared."""

_PREFIX = "compared:"


class LayerError(NamedTuple):
    """Relative error of the result of one layer."""

    name: str
    error: float


def find_breaking_layer(
    graph: Graph, reference: Graph, inputs: Mapping[str, NDArray[np.float32]]
) -> LayerError | None:
    """Return the layer whose error exceeds those of all earlier layers most.

    OpenVINO executes both graphs, in whatever format, and returns the results of their layers.

    Args:
        graph: graph below the floor of parity.
        reference: graph of the same network in fp32.
        inputs: inputs of both graphs.

    Returns:
        The layer and its relative error; None if OpenVINO is not installed or no layers match.
    """
    try:
        from scenerep_ros.backbones.runtimes.openvino_core import openvino_core
    except ImportError:
        return None
    core = openvino_core()
    models = [core.read_model(item.model_path) for item in (graph, reference)]
    names = _common_layers(*models)
    if not names:
        return None
    actual, expected = (_layer_results(model, names, inputs, core) for model in models)
    errors = [
        LayerError(name, _relative(actual[name], expected[name]))
        for name in names
        if name in actual and name in expected
    ]
    return _departure(errors) if errors else None


def _common_layers(first: Any, second: Any) -> list[str]:
    """Return the names of the layers of both models, in the order of execution."""
    known = {op.get_friendly_name() for op in second.get_ordered_ops()}
    return [
        op.get_friendly_name()
        for op in first.get_ordered_ops()
        if op.get_type_name() in COMPARED_TYPES and op.get_friendly_name() in known
    ]


def _layer_results(
    model: Any, names: list[str], inputs: Mapping[str, Any], core: Any
) -> dict[str, NDArray[np.float32]]:
    ops = {op.get_friendly_name(): op for op in model.get_ordered_ops()}
    for name in names:
        # By name, since layers with equal results share one output.
        ops[name].output(0).add_names({_PREFIX + name})
    model.add_outputs([ops[name].output(0) for name in names])
    compiled = core.compile_model(model, "CPU")
    known = {name for output in compiled.outputs for name in output.names}
    request = compiled.create_infer_request()
    request.infer(dict(inputs))
    return {
        name: np.array(request.get_tensor(_PREFIX + name).data)
        for name in names
        if _PREFIX + name in known
    }


def _relative(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    error = np.linalg.norm(actual - expected) / max(float(np.linalg.norm(expected)), 1e-9)
    return float(error) if np.isfinite(error) else float("inf")


def _departure(errors: list[LayerError]) -> LayerError:
    """Return the layer at which the error rises most above that of all earlier layers."""
    highest = 0.0
    rises: list[float] = []
    for layer in errors:
        rises.append(layer.error - highest if layer.error > highest else 0.0)
        highest = max(highest, layer.error)
    return errors[int(np.argmax(rises))]
