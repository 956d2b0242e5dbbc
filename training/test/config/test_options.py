"""Tests of the shared training options."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from scenerep_training.cli.train import main
from scenerep_training.config.options import TrainingOptions
from scenerep_training.methods.registry import METHODS

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint


@pytest.mark.parametrize(
    "values",
    [
        {"batch_size": 6, "accumulate": 4},
        {"batch_size": 4, "accumulate": 4},
        {"batch_size": 4, "devices": 2, "nodes": 2},
    ],
)
def test_batch_size_must_give_each_process_two_pairs(values):
    with pytest.raises(ValidationError, match="multiple of accumulate x devices x nodes = 4"):
        TrainingOptions(**values)


def test_world_size_is_devices_times_nodes():
    options = TrainingOptions(batch_size=12, devices=3, nodes=2)
    assert options.world_size == 6


def test_unknown_option_is_rejected():
    with pytest.raises(ValidationError, match="learning_rates"):
        TrainingOptions(learning_rates=1.0)


def test_checkpoint_named_by_init_brings_its_backbone(tmp_path):
    card = ModelCard(
        architecture="test_vit", mean=(0, 0, 0), std=(1, 1, 1), resolution=64, origin="", license=""
    )
    save_checkpoint(tmp_path, {}, card)
    assert TrainingOptions(init=str(tmp_path)).backbone == "test_vit"
    assert TrainingOptions(init=str(tmp_path), backbone="resnet50").backbone == "resnet50"


@pytest.mark.parametrize("name", METHODS)
def test_every_option_of_method_is_described(name):
    fields = METHODS[name].Options.model_fields
    assert all(field.description and field.description.endswith(".") for field in fields.values())


def test_help_divides_options_by_purpose(capsys):
    with pytest.raises(SystemExit):
        main(["byol", "--help"])
    help_text = capsys.readouterr().out
    titles = ("Network to train", "Sampling of frame pairs", "Random crops", "Optimizer and")
    positions = [help_text.index(f"\n{title}") for title in titles]
    assert positions == sorted(positions)
    assert help_text.index("--learning-rate", positions[3]) > positions[3]
