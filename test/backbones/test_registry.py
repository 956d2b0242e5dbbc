"""Registration of backbones that timm does not provide."""

import numpy as np
import pytest
import torch

from scenerep_ros.backbones import load_backbone, loading
from scenerep_ros.backbones.preprocessing import grid_size
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.registry import Registry
from scenerep_ros.errors import ConfigError, WeightsError
from scenerep_ros.frames import Features


class MeanColorBackbone:
    """Backbone whose features are mean colors, of another package."""

    runtime = "numpy"
    stride = 8
    parameters = 0

    def __init__(self, options):
        self.name = options.backbone
        self.device = torch.device("cpu")

    def __call__(self, color, resolution):
        height, width = grid_size(color.shape[:2], resolution, self.stride)
        mean = torch.from_numpy(color.reshape(-1, 3).mean(axis=0)).float()
        return Features(mean.expand(height, width, 3), mean)


class FixedSizeBackbone(MeanColorBackbone):
    def __call__(self, color, resolution):
        return super().__call__(np.zeros((64, 64, 3), np.uint8), 64)


class DivergedBackbone(MeanColorBackbone):
    def __call__(self, color, resolution):
        features = super().__call__(color, resolution)
        return Features(features.grid * float("nan"), features.pooled)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Register backbones for one test."""
    registry = Registry("backbone", "scenerep_ros.backbones", "scenerep_ros.backbones")
    registry.register("mean_color")(MeanColorBackbone)
    registry.register("fixed_size")(FixedSizeBackbone)
    registry.register("diverged")(DivergedBackbone)
    monkeypatch.setattr(loading, "BACKBONES", registry)


def test_load_backbone_builds_a_registered_backbone(image):
    backbone = load_backbone(BackboneOptions(backbone="mean_color"))
    assert isinstance(backbone, MeanColorBackbone)
    assert backbone.name == "mean_color"
    assert backbone(image, 128).grid.shape == (16, 24, 3)


def test_load_backbone_checks_the_input_sizes_of_registered_backbones():
    with pytest.raises(ConfigError, match=r"fixed_size: cannot process.*its grid is 8x8"):
        load_backbone(BackboneOptions(backbone="fixed_size"))


def test_load_backbone_with_features_that_are_not_finite_is_rejected():
    with pytest.raises(
        WeightsError, match=r"diverged: its features of a test image are not finite"
    ):
        load_backbone(BackboneOptions(backbone="diverged"))


def test_load_backbone_of_an_unregistered_name_uses_timm():
    options = BackboneOptions(backbone="resnet18", weights="random", device="cpu")
    assert load_backbone(options).name == "resnet18"
