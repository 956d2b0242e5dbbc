"""Conversion of an exported fp32 graph to a format and precision."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.runtimes.graph import (
    MODEL_NAMES,
    POSITION_NAME,
    Graph,
    GraphFormat,
    GraphPrecision,
    read_graph,
    write_card,
)
from scenerep_ros.errors import ConfigError

ExportFormat = Literal["onnx", "openvino", "tensorrt"]
Inputs = Mapping[str, NDArray[np.float32]]


def convert_graph(
    source: Graph,
    folder: Path,
    export_format: ExportFormat,
    precision: GraphPrecision,
    calibration: Iterable[Inputs],
) -> Graph:
    """Write a graph in another format and precision.

    Args:
        source: graph in ONNX and fp32.
        folder: existing folder for the result.
        export_format: openvino; or onnx, which TensorRT reads as well.
        precision: precision of weights and activations.
        calibration: inputs of the graph on typical images, for int8.

    Raises:
        ConfigError: if the format does not support the precision, or a package is missing.
    """
    stored: GraphFormat = "openvino" if export_format == "openvino" else "onnx"
    target = folder / MODEL_NAMES[stored]
    if stored == "openvino":
        _write_openvino(source, target, precision, calibration)
    else:
        _write_onnx(source, target, precision, calibration)
    if (source.folder / POSITION_NAME).is_file():
        shutil.copy(source.folder / POSITION_NAME, folder)
    write_card(folder, source.card.model_copy(update={"format": stored, "precision": precision}))
    return read_graph(folder)


def _write_openvino(
    source: Graph, target: Path, precision: GraphPrecision, calibration: Iterable[Inputs]
) -> None:
    try:
        import openvino as ov

        from scenerep_ros.backbones.runtimes.openvino_core import openvino_core
    except ImportError:
        raise ConfigError(
            "--format openvino: openvino is not installed; pip install openvino"
        ) from None
    model = openvino_core().read_model(source.model_path)
    if precision == "int8":
        model = _quantize(model, calibration)
    # bf16 is a property of the execution: OpenVINO has no files in it.
    ov.save_model(model, target, compress_to_fp16=precision == "fp16")


def _write_onnx(
    source: Graph, target: Path, precision: GraphPrecision, calibration: Iterable[Inputs]
) -> None:
    if precision == "fp32":
        shutil.copy(source.model_path, target)
        return
    if precision == "bf16":
        raise ConfigError(
            "--precision bf16: ONNX Runtime and TensorRT read no bf16 graph of this kind; use "
            "--format openvino, or for TensorRT an fp32 export and the option precision"
        )
    import onnx

    model = onnx.load(source.model_path)
    model = _quantize(model, calibration) if precision == "int8" else _to_fp16(model)
    onnx.save(model, target)


def _to_fp16(model: Any) -> Any:
    try:
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError:
        raise ConfigError(
            "--precision fp16: onnxruntime is not installed; pip install 'scenerep_ros[export]'"
        ) from None
    return convert_float_to_float16(model, keep_io_types=True)


def _quantize(model: Any, calibration: Iterable[Inputs]) -> Any:
    """Quantize weights and activations to int8 after training (NNCF, arXiv:2002.08679)."""
    try:
        import nncf
    except ImportError:
        raise ConfigError(
            "--precision int8: nncf is not installed; pip install 'scenerep_ros[export]'"
        ) from None
    inputs = [dict(item) for item in calibration]
    return nncf.quantize(
        model,
        nncf.Dataset(inputs),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(inputs),
    )
