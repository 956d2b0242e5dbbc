"""Fixtures of the runtime tests: a cache of their own, and weight files of small networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.config.options import BackboneOptions


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory) -> Path:
    """Folder in which graphs are cached during all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(session_cache, monkeypatch) -> Path:
    """Use the cache of the tests."""
    monkeypatch.setenv("SCENEREP_CACHE", str(session_cache))
    return session_cache


@pytest.fixture(scope="session")
def weight_file(tmp_path_factory) -> Callable[[str], Path]:
    """Return a builder of files with fixed random weights."""
    folder = tmp_path_factory.mktemp("weights")

    def build(name: str) -> Path:
        path = folder / f"{name}.safetensors"
        if not path.exists():
            torch.manual_seed(0)
            network = timm.create_model(name, num_classes=0)
            safetensors.torch.save_file(network.state_dict(), path)
        return path

    return build


@pytest.fixture
def loaded(weight_file) -> Callable[..., Backbone]:
    """Return a loader of small networks in float32 on the CPU."""

    def load(name: str, **options) -> Backbone:
        defaults = {"weights": str(weight_file(name)), "device": "cpu", "precision": "fp32"}
        return load_backbone(BackboneOptions(backbone=name, **(defaults | options)))

    return load
