"""Export of the trained network to the checkpoint that the runtime loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_training.methods.base import Method


def export_checkpoint(method: Method, folder: Path, training: dict[str, Any]) -> None:
    """Write model.safetensors and model.yaml of the method's exported encoder.

    Args:
        method: trained method.
        folder: folder of the checkpoint.
        training: name of the method, options, data and metrics, for the card's readers.

    Raises:
        ScenerepError: if the folder cannot be written.
    """
    encoder, options = method.exported_encoder, method.options
    card = ModelCard(
        architecture=encoder.name,
        mean=encoder.normalization.mean,
        std=encoder.normalization.std,
        stage=encoder.stage,
        resolution=options.crop_size,
        origin=f"scenerep-train {training['method']}, initial weights: {options.init}",
        license="that of the training data and of the initial weights",
        training=training,
    )
    save_checkpoint(folder, encoder.network.state_dict(), card)
