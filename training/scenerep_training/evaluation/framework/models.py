"""Models that the command line names for a comparison."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.backbones.weights.checkpoint import find_checkpoint, read_card
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError

MODEL_SYNTAX = "[BACKBONE=]WEIGHTS"
"""Syntax of a model: WEIGHTS as in the option; the backbone is by default that of the options."""


def parse_model(config: PipelineConfig, text: str) -> PipelineConfig:
    """Return the options of a model in MODEL_SYNTAX; a checkpoint's card gives its backbone.

    Raises:
        WeightsError: if a checkpoint's card is damaged.
    """
    backbone, separator, weights = text.partition("=")
    if not separator or "/" in backbone:  # the equals sign is part of a path
        backbone, weights = "", text
    checkpoint = find_checkpoint(weights)
    if not backbone and checkpoint is not None:
        backbone = read_card(checkpoint).architecture
    return config.model_copy(update={"backbone": backbone or config.backbone, "weights": weights})


def model_label(config: PipelineConfig) -> str:
    """Return the name of a model for file names: backbone and origin of the weights.

    >>> model_label(PipelineConfig(backbone="resnet18", weights="runs/tuned.safetensors"))
    'resnet18-tuned'
    """
    path = Path(config.weights).expanduser()
    return f"{config.backbone}-{(find_checkpoint(path) or path).stem}"


def label_models(models: list[PipelineConfig]) -> dict[str, PipelineConfig]:
    """Return models by their labels, in order.

    Raises:
        ConfigError: if two have the same label.
    """
    labels = [model_label(model) for model in models]
    duplicates = [label for label in labels if labels.count(label) > 1]
    if duplicates:
        raise ConfigError(f"model {duplicates[0]} is named twice; rename one checkpoint's folder")
    return dict(zip(labels, models, strict=True))
