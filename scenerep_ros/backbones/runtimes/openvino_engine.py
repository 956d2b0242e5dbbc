"""Execution of a graph by OpenVINO on the CPU."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from scenerep_ros.backbones.runtimes.engines import Arrays, thread_limit
from scenerep_ros.backbones.runtimes.graph import EXPORT_AGAIN, Graph
from scenerep_ros.backbones.runtimes.openvino_core import openvino_core
from scenerep_ros.config.options import Precision
from scenerep_ros.errors import ScenerepError, WeightsError
from scenerep_ros.filesystem.atomic import write_atomically

log = logging.getLogger(__name__)

HINTS = {"fp32": ov.Type.f32, "bf16": ov.Type.bf16, "fp16": ov.Type.f16}
MAX_SIZES_IN_MEMORY = 2
"""Number of image sizes whose compiled models stay in memory."""
MAX_BLOBS = 4
"""Number of compiled models, those used last, that the cache keeps of one graph."""

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class OpenVINOEngine:
    """Compiles a graph for each image size, and keeps the compiled models in the graph's folder.

    OpenVINO computes in fp32 what the CPU cannot compute in the selected precision.

    Args:
        graph: graph to execute.
        precision: auto selects bf16 if the CPU multiplies it natively, else fp32.

        keeps_compiled: keep compiled models in the graph's folder.

    Raises:
        WeightsError: if OpenVINO cannot read the graph.
    """

    def __init__(self, graph: Graph, precision: Precision, keeps_compiled: bool = True) -> None:
        self._graph = graph
        self._keeps_compiled = keeps_compiled
        self._core = openvino_core()
        capabilities = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "auto":
            precision = "bf16" if "BF16" in capabilities else "fp32"
        self._precision = precision if precision.upper() in capabilities else "fp32"
        self.precision: str = "int8" if graph.card.precision == "int8" else self._precision
        self._requests: OrderedDict[Shapes, Any] = OrderedDict()

    def __call__(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the graph once; see `Engine`."""
        shapes = tuple((name, value.shape) for name, value in inputs.items())
        if shapes not in self._requests:
            while len(self._requests) >= MAX_SIZES_IN_MEMORY:
                self._requests.popitem(last=False)
            self._requests[shapes] = self._load(shapes).create_infer_request()
        self._requests.move_to_end(shapes)
        results = self._requests[shapes].infer(dict(inputs), share_inputs=True, share_outputs=True)
        # The next frame overwrites the memory of the results.
        return {output.any_name: np.array(value) for output, value in results.items()}

    def _load(self, shapes: Shapes) -> Any:
        """Import the compiled model of an image size, or compile it and store it."""
        path = self._blob_path(shapes)
        if path.is_file():
            try:
                compiled = self._import(path)
                with suppress(OSError):  # a folder that cannot be written
                    os.utime(path)  # the models used last are kept
                return compiled
            except (RuntimeError, ValueError, OSError) as error:  # of another version, or damaged
                log.warning("%s: cannot be loaded (%s); it is compiled again", path, error)
        size = "x".join(map(str, dict(shapes)["image"][:1:-1]))
        log.info("openvino: compiling %s for %s px", self._graph.card.architecture, size)
        compiled = self._compile(shapes)
        if self._keeps_compiled:
            self._store(compiled, path)
        return compiled

    def _compile(self, shapes: Shapes) -> Any:
        try:
            model = self._core.read_model(self._graph.model_path)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise WeightsError(
                f"{self._graph.model_path}: OpenVINO cannot read it ({reason}); {EXPORT_AGAIN}"
            ) from None
        model.reshape({name: list(shape) for name, shape in shapes})
        return self._core.compile_model(model, "CPU", self._properties())

    def _import(self, path: Path) -> Any:
        # The file is mapped, not read: its pages need no memory of the process.
        blob = ov.Tensor(np.memmap(path, dtype=np.uint8, mode="r"))
        return self._core.import_model(blob, "CPU", self._properties())

    def _properties(self) -> dict[str, Any]:
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": HINTS[self._precision],
            # A pinned thread waits for its core while another process uses it.
            "ENABLE_CPU_PINNING": False,
        }
        if limit := thread_limit():
            properties["INFERENCE_NUM_THREADS"] = limit
        return properties

    def _blob_path(self, shapes: Shapes) -> Path:
        processor = self._core.get_property("CPU", "FULL_DEVICE_NAME")
        identity = repr((ov.__version__, processor, self._precision, thread_limit(), shapes))
        height, width = dict(shapes)["image"][2:]
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        name = f"openvino-cpu-{self.precision}-{width}x{height}-{digest}.blob"
        return self._graph.folder / name

    def _store(self, compiled: Any, path: Path) -> None:
        try:
            write_atomically(path, _exported_bytes(compiled))
            _remove_oldest(path.parent, "*.blob", MAX_BLOBS)
        except (OSError, ScenerepError) as error:
            log.warning("%s; the model is compiled again at the next start", error)


def _exported_bytes(compiled: Any) -> bytes:
    exported = compiled.export_model()
    return exported if isinstance(exported, bytes) else bytes(exported.getbuffer())


def _remove_oldest(folder: Path, pattern: str, count: int) -> None:
    """Remove the files of a pattern but the newest ones."""
    paths = sorted(folder.glob(pattern), key=os.path.getmtime)
    for path in paths[:-count]:
        path.unlink(missing_ok=True)
