"""Network whose features are clustered."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.loading import apply_model_card, load_backbone
from scenerep_ros.backbones.preprocessing import Normalization
from scenerep_ros.backbones.timm_networks import load_network, wrap_network
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_training.tuning.options import TuneOptions

RESOLUTION = PipelineConfig().resolution
"""Shorter side of the runtime's network input [px]."""


@dataclass(frozen=True)
class Network:
    """Initial network.

    Attributes:
        options: name, weights, stage and device.
        network: timm model, float32 on the CPU.
        normalization: of its input.
    """

    options: PipelineConfig
    network: Any
    normalization: Normalization

    @cached_property
    def backbone(self) -> Backbone:
        """The network as the runtime executes it; untrained weights exist in this object only."""
        if self.options.weights == "random":
            return wrap_network(self.options, copy.deepcopy(self.network), self.normalization)
        return load_backbone(self.options)


def load(options: TuneOptions) -> Network:
    """Load the initial network.

    Raises:
        ConfigError, WeightsError: if it is unknown, or its weights cannot be read.
    """
    names = ("backbone", "weights", "device", "stage", "runtime", "precision")
    values = {name: getattr(options, name) for name in names}
    config = apply_model_card(validated(PipelineConfig, values))
    network, normalization = load_network(config.backbone, config.weights)
    return Network(config, network, normalization)
