from __future__ import annotations

import pytest
import torch
from scenerep_training.evaluation.framework.models import label_models, model_label, parse_model

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError

CONFIG = PipelineConfig(backbone="vit_tiny_patch16_224", weights="auto")


@pytest.mark.parametrize(
    ("text", "backbone", "weights", "label"),
    [
        ("random", "vit_tiny_patch16_224", "random", "vit_tiny_patch16_224-random"),
        ("resnet18=hub", "resnet18", "hub", "resnet18-hub"),
        ("runs/lr=1/a.pth", "vit_tiny_patch16_224", "runs/lr=1/a.pth", "vit_tiny_patch16_224-a"),
    ],
)
def test_parse_model_reads_weights_and_optional_backbone(text, backbone, weights, label):
    options = parse_model(CONFIG, text)
    assert (options.backbone, options.weights) == (backbone, weights)
    assert model_label(options) == label


@pytest.mark.parametrize("file", ["", "model.safetensors"])
def test_parse_model_takes_backbone_from_checkpoint(tmp_path, file):
    card = ModelCard(
        architecture="resnet18", mean=(0, 0, 0), std=(1, 1, 1), resolution=64, origin="", license=""
    )
    save_checkpoint(tmp_path / "tuned", {"w": torch.zeros(1)}, card)
    options = parse_model(CONFIG, str(tmp_path / "tuned" / file))
    assert options.backbone == "resnet18"
    assert model_label(options) == "resnet18-tuned"


def test_label_models_rejects_duplicate_labels():
    with pytest.raises(ConfigError, match="vit_tiny_patch16_224-a is named twice"):
        label_models([parse_model(CONFIG, "x/a"), parse_model(CONFIG, "y/a")])
