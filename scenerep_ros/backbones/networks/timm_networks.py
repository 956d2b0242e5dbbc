"""Networks of timm and the student, with weights of a hub, of a registry, of this package, or of a file.

timm is imported where a network is built: it takes seconds, which the start of a cached graph saves.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.hardware import choose_device
from scenerep_ros.backbones.networks.convnet import StageBackbone
from scenerep_ros.backbones.networks.torch_execution import choose_dtype
from scenerep_ros.backbones.networks.vit import ViTBackbone, is_trained_with_antialiasing
from scenerep_ros.backbones.preprocessing import Normalization
from scenerep_ros.backbones.weights.checkpoint import (
    check_weights_exist,
    find_checkpoint,
    read_card,
    read_checkpoint,
    weights_path,
)
from scenerep_ros.backbones.weights.download import WHEELS, fetch
from scenerep_ros.backbones.weights.packaged import STUDENT, packaged_weights
from scenerep_ros.backbones.weights.state_dict import load_strictly, read_state_dict
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError, WeightsError, suggest_names

log = logging.getLogger(__name__)

HUB_TIMEOUT_S = 5.0
"""Time in which timm's hub must accept a connection [s]."""


def load_timm_backbone(options: BackboneOptions) -> Backbone:
    """Build the timm model that the options name, with its weights, on its device.

    Raises:
        ConfigError: if timm has no such model, the network has no such stage, or the device is not
            available.
        WeightsError: if the weights are missing, damaged or do not fit.
    """
    network, normalization = load_network(options.backbone, options.weights)
    return wrap_network(options, network, normalization)


def wrap_network(options: BackboneOptions, network: Any, normalization: Normalization) -> Backbone:
    """Wrap a network in the interface `Backbone`, on the device of the options.

    Args:
        options: name, stage, device and precision.
        network: timm model without classifier, float32.
        normalization: normalization of the network input.

    Raises:
        ConfigError: if the network has no such stage, or the device is not available.
    """
    from timm.models import Eva, VisionTransformer

    from scenerep_ros.backbones.networks.student import StudentBackbone, StudentNetwork

    device = choose_device(options.device)
    dtype = choose_dtype(options.precision, device)
    if isinstance(network, VisionTransformer | Eva):
        return ViTBackbone(options.backbone, network, normalization, device, dtype)
    backbone = StudentBackbone if isinstance(network, StudentNetwork) else StageBackbone
    return backbone(options.backbone, network, options.stage, normalization, device, dtype)


def load_network(name: str, weights: str) -> tuple[Any, Normalization]:
    """Build a timm model without classifier, in float32 on the CPU.

    Args:
        name: name of the timm model.
        weights: value of the option `weights`.

    Returns:
        The network and the normalization of its input.

    Raises:
        ConfigError: if timm has no such model.
        WeightsError: if the weights are missing, damaged or do not fit.
    """
    _check_name(name)
    architecture = name.split(".")[0]
    if name == STUDENT:
        weights = packaged_weights(weights)
    if weights == "auto":
        weights = "wheel" if architecture in WHEELS else "hub"
    if weights == "hub":
        network = _load_from_hub(name)
        return network, _pretrained_normalization(network)
    network = _create(name)
    if weights == "random":
        return network, _pretrained_normalization(network)
    path = _wheel_checkpoint(architecture) if weights == "wheel" else weights_path(weights)
    return network, _load_from_path(network, name, path)


def _check_name(name: str) -> None:
    import timm

    models = [STUDENT, *timm.list_models(), *timm.list_pretrained()]
    if name not in models:
        raise ConfigError(f"backbone {name}: not a model of timm; {suggest_names(name, models)}")


def _create(name: str, pretrained: bool = False) -> Any:
    import timm

    if name == STUDENT:
        from scenerep_ros.backbones.networks.student import StudentNetwork

        return StudentNetwork()
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0, dynamic_img_size=True)
    except TypeError:  # convnets accept any size and lack the argument
        return timm.create_model(name, pretrained=pretrained, num_classes=0)


def _load_from_hub(name: str) -> Any:
    try:
        with _offline_if_unreachable():
            return _create(name, pretrained=True)
    except Exception as error:  # the hub's client passes on any exception of its HTTP library
        raise WeightsError(
            f"weights of {name}: timm's hub has none or is unreachable ({type(error).__name__}: "
            f"{str(error)[:200]}); check the network, or work offline: set weights to a "
            f".safetensors or .pth file, or choose {STUDENT}, whose weights come with the package, or a "
            f"backbone that the package registry has ({', '.join(WHEELS)})"
        ) from error


@contextmanager
def _offline_if_unreachable() -> Iterator[None]:
    """Use only the hub's cache while the body runs, if the hub does not answer.

    Its client otherwise repeats each request for a minute. With a proxy, no direct connection says
    whether the hub answers, so none is tried.
    """
    from huggingface_hub import constants

    url = urlsplit(os.environ.get("HF_ENDPOINT", constants.ENDPOINT))
    address = (url.hostname or "", url.port or (80 if url.scheme == "http" else 443))
    before = constants.HF_HUB_OFFLINE
    if not before and not getproxies():
        try:
            socket.create_connection(address, HUB_TIMEOUT_S).close()
        except OSError as error:
            log.warning("%s cannot be reached (%s); only its cache is used", address[0], error)
            constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _wheel_checkpoint(architecture: str) -> Path:
    wheel = WHEELS.get(architecture)
    if wheel is None:
        raise WeightsError(
            f"weights = 'wheel': no registry wheel has {architecture}; known: {', '.join(WHEELS)}; "
            "set weights to hub or to a file"
        )
    return wheel.folder if wheel.is_cached else fetch(wheel)


def _load_from_path(network: Any, name: str, path: Path) -> Normalization:
    check_weights_exist(str(path))
    folder = find_checkpoint(path) or path
    if folder.is_dir():
        return _load_from_checkpoint(network, name, folder)
    load_strictly(network, read_state_dict(path), str(path), is_trained_with_antialiasing(name))
    return _pretrained_normalization(network)


def _load_from_checkpoint(network: Any, name: str, folder: Path) -> Normalization:
    architecture = read_card(folder).architecture
    if architecture.split(".")[0] != name.split(".")[0]:
        raise WeightsError(
            f"{folder}: holds weights of {architecture}, not of {name}; "
            f"set backbone to {architecture}"
        )
    card, state = read_checkpoint(folder)
    load_strictly(network, state, str(folder), is_trained_with_antialiasing(name))
    log.info("weights of %s: %s; license: %s", name, card.origin, card.license)
    return Normalization(card.mean, card.std)


def _pretrained_normalization(network: Any) -> Normalization:
    config = network.pretrained_cfg
    return Normalization(tuple(config["mean"]), tuple(config["std"]))
