"""Loading of the backbone that the options select."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TypeVar

import numpy as np

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.hardware import check_torch_installed
from scenerep_ros.backbones.registry import BACKBONES
from scenerep_ros.backbones.runtimes.graph import (
    CARD_NAME as GRAPH_CARD_NAME,
)
from scenerep_ros.backbones.runtimes.graph import (
    Graph,
    UnsupportedNetworkError,
    is_graph,
    read_graph,
)
from scenerep_ros.backbones.runtimes.loading import load_graph_backbone, open_graph_backbone
from scenerep_ros.backbones.runtimes.selection import choose_runtime
from scenerep_ros.backbones.weights.checkpoint import (
    CARD_NAME,
    check_weights_exist,
    find_checkpoint,
    read_card,
    weights_path,
)
from scenerep_ros.backbones.weights.download import WHEELS
from scenerep_ros.config.options import NAMED_WEIGHTS, BackboneOptions, Runtime
from scenerep_ros.errors import ConfigError, WeightsError

log = logging.getLogger(__name__)

Options = TypeVar("Options", bound=BackboneOptions)

TEST_GRID = (5, 7)
"""Height and width of the feature grid [patches] on which a new backbone is tested."""


def load_backbone(options: BackboneOptions) -> Backbone:
    """Build the backbone that the options select, with its weights, on its device.

    The option `backbone` is the name of a registered backbone, or else of a timm model.

    Raises:
        ConfigError: if the backbone is unknown or accepts one image size only, if it has no such
            stage, or if the device is not available.
        WeightsError: if the weights are missing, damaged or do not fit.
    """
    if is_graph(weights_path(options.weights)):
        return _load_exported(options)
    options = apply_model_card(options)
    if options.backbone in BACKBONES:
        backbone = BACKBONES[options.backbone](options)
        _check_input_sizes(backbone)
        return backbone
    return _load_timm(options)


def weights_checksum(options: BackboneOptions) -> str:
    """Return the SHA-256 of the weights that the options select; empty if no card states it.

    Raises:
        WeightsError: if the card is damaged.
    """
    path = weights_path(options.weights)
    if is_graph(path):
        return read_graph(path).card.weights_sha256
    folder = find_checkpoint(path)
    if options.weights in ("auto", "wheel"):
        wheel = WHEELS.get(options.backbone.split(".")[0])
        folder = wheel.folder if wheel is not None and wheel.is_cached else None
    return "" if folder is None else read_card(folder).sha256


def _load_exported(options: BackboneOptions) -> Backbone:
    """Open a graph that `scenerep export` wrote, with a runtime that reads its format."""
    graph = read_graph(weights_path(options.weights))
    if options.runtime == "torch":
        raise ConfigError(
            f"runtime = 'torch': {options.weights} is an exported graph, which torch does not "
            "execute; set runtime to auto"
        )
    if options.runtime == "auto":
        options = options.model_copy(update={"runtime": _runtime_of_graph(graph, options)})
    return open_graph_backbone(graph, options, *choose_runtime(options))


def _runtime_of_graph(graph: Graph, options: BackboneOptions) -> Runtime:
    """Return the runtime that `auto` selects for an exported graph.

    Raises:
        ConfigError: if only OpenVINO reads the graph, and is not installed.
    """
    if graph.card.format == "openvino":
        if find_spec("openvino") is None:
            raise ConfigError(
                f"{options.weights}: only OpenVINO reads this graph, and it is not installed; export "
                "the network with --format onnx, or pip install openvino"
            )
        return "openvino"
    if options.device == "cuda":
        return "onnxruntime"
    runtime, _ = choose_runtime(options)
    return "openvino" if runtime == "openvino" else "onnxruntime"


def _load_timm(options: BackboneOptions) -> Backbone:
    """Build a timm model for the runtime of the options."""
    _check_path(options.weights)
    runtime, device = choose_runtime(options)
    if runtime != "torch":
        try:
            return load_graph_backbone(options, runtime, device)
        except UnsupportedNetworkError as error:
            if options.runtime != "auto":
                raise
            log.info("%s; torch executes it", error)
    check_torch_installed()
    # Slow: it imports torch.
    from scenerep_ros.backbones.networks.timm_networks import load_timm_backbone

    backbone = load_timm_backbone(options)
    _check_input_sizes(backbone)
    return backbone


def _check_path(weights: str) -> None:
    """Check the path of weights before torch is imported, which may be missing.

    Raises:
        WeightsError: if it does not exist, is a file of an exported graph, or is a folder of neither
            a graph nor a checkpoint.
    """
    check_weights_exist(weights)
    if weights in NAMED_WEIGHTS:
        return
    path = weights_path(weights)
    if is_graph(path.parent):
        raise WeightsError(
            f"weights = '{weights}': a file of an exported graph; set weights to its folder, "
            f"{path.parent}"
        )
    if path.is_dir() and find_checkpoint(path) is None:
        raise WeightsError(
            f"weights = '{weights}': no model card, neither {CARD_NAME} of a checkpoint nor "
            f"{GRAPH_CARD_NAME} of an exported graph; copy all files of the folder"
        )


def apply_model_card(options: Options) -> Options:
    """Take backbone and stage from the card of a checkpoint where the options are the defaults.

    Raises:
        WeightsError: if the card is damaged.
    """
    folder = find_checkpoint(options.weights)
    if folder is None:
        return options
    card, fields = read_card(folder), BackboneOptions.model_fields
    from_card = {"backbone": card.architecture, "stage": card.stage}
    updates = {
        name: value
        for name, value in from_card.items()
        if getattr(options, name) == fields[name].default
    }
    return options.model_copy(update=updates)


def _check_input_sizes(backbone: Backbone) -> None:
    """Check before the first frame that the network accepts any size, and computes finite features.

    Raises:
        ConfigError: if it accepts one size only.
        WeightsError: if its features are not finite.
    """
    height, width = TEST_GRID
    image = np.zeros((height * backbone.stride, width * backbone.stride, 3), np.uint8)
    try:
        features = backbone(image, min(image.shape[:2]))
        grid = tuple(features.grid.shape[:2])
        problem = "" if grid == TEST_GRID else f"its grid is {grid[0]}x{grid[1]}"
    except (AssertionError, RuntimeError, ValueError) as error:
        problem = str(error).strip()
    if problem:
        raise ConfigError(
            f"backbone {backbone.name}: cannot process an image of {height}x{width} patches "
            f"({problem}); choose a plain ViT or a convnet, such as "
            "vit_small_patch14_dinov2.lvd142m or resnet50.a1_in1k"
        )
    if not np.isfinite(features.grid).all():
        raise WeightsError(
            f"backbone {backbone.name}: its features of a test image are not finite; the weights are "
            "of a diverged training, or values exceed the precision: set precision to fp32, or choose "
            "other weights"
        )
