"""Models to put beside each other, as the command line names them."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.backbones.checkpoint import find_checkpoint, read_card
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError

FORM = "[BACKBONE=]WEIGHTS"
"""How a model is named: weights as the option takes them; by default of the same backbone."""


def model_options(config: PipelineConfig, text: str) -> PipelineConfig:
    """Options of a model that is named as FORM; a checkpoint with a card knows its backbone.

    Raises:
        WeightsError: if a checkpoint's card is damaged.
    """
    backbone, sign, weights = text.partition("=")
    if not sign or "/" in backbone:  # a path may have such a sign in it
        backbone, weights = "", text
    folder = find_checkpoint(weights)
    if not backbone and folder is not None:
        backbone = read_card(folder).architecture
    return config.model_copy(update={"backbone": backbone or config.backbone, "weights": weights})


def model_label(config: PipelineConfig) -> str:
    """Name of a model, fit for a file's name: backbone and origin of the weights.

    >>> model_label(PipelineConfig(backbone="resnet18", weights="runs/tuned/model.safetensors"))
    'resnet18-tuned'
    """
    path = Path(config.weights).expanduser()
    return f"{config.backbone}-{(find_checkpoint(path) or path).stem}"


def labelled(models: list[PipelineConfig]) -> dict[str, PipelineConfig]:
    """Models by their labels, in order.

    Raises:
        ConfigError: if two have the same label.
    """
    labels = [model_label(model) for model in models]
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ConfigError(f"model {twice[0]} is named twice; rename one checkpoint's folder")
    return dict(zip(labels, models, strict=True))
