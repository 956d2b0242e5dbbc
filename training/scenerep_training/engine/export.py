"""The trained network as the runtime loads it: model.safetensors and model.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scenerep_ros.backbones.checkpoint import ModelCard, save_checkpoint
from scenerep_training.methods.base import Method


def export(method: Method, folder: Path, training: dict[str, Any]) -> None:
    """Write the network that the method hands out.

    Args:
        method: whose `exported` encoder is written.
        folder: of the checkpoint.
        training: method, options, data and figures, for people.

    Raises:
        ScenerepError: if the folder cannot be written.
    """
    encoder, options = method.exported, method.options
    card = ModelCard(
        architecture=encoder.name,
        mean=encoder.normalisation.mean,
        std=encoder.normalisation.std,
        stage=encoder.stage,
        resolution=options.crop_size,
        origin=f"scenerep-train {method.name}, first weights: {options.init}",
        licence="that of the training data and of the first weights",
        training=training,
    )
    save_checkpoint(folder, encoder.network.state_dict(), card)
