"""Tests of training with the gate, in one process."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from scenerep_training.agreement import gate
from scenerep_training.cli.train import main
from scenerep_training.networks.encoder import build_encoder

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.filesystem.share import sample_sequence

pytestmark = pytest.mark.slow


@pytest.fixture
def initial(tmp_path):
    """Checkpoint of an untrained network."""
    encoder = build_encoder("test_resnet", "random")
    card = ModelCard(
        architecture="test_resnet",
        mean=encoder.normalization.mean,
        std=encoder.normalization.std,
        resolution=64,
        origin="",
        license="",
    )
    save_checkpoint(tmp_path / "initial", encoder.network.state_dict(), card)
    return tmp_path / "initial"


def train(initial, folder, steps=2):
    flags = ("--backbone", "test_resnet", "--init", str(initial), "--max-steps", str(steps))
    small = ("--crop-size", "64", "--batch-size", "4", "--workers", "0", "--preview-every", "0")
    rate = ("--hidden", "16", "--projection", "8", "--learning-rate", "1e-9", "--frozen-norms")
    data = ("byol", "--data", str(sample_sequence()), "--output", str(folder), "--device", "cpu")
    return main([*data, *flags, *small, *rate])


def test_network_that_is_not_worse_is_exported(initial, tmp_path, capsys):
    assert train(initial, tmp_path / "run") == 0
    assert "label-free score on held-back frames" in capsys.readouterr().out
    assert yaml.safe_load((tmp_path / "run/model.yaml").read_text())["training"]["steps"] == 2


def test_measured_run_is_lengthened(initial, tmp_path):
    assert train(initial, tmp_path / "run") == 0
    assert train(initial, tmp_path / "run", steps=3) == 0
    assert yaml.safe_load((tmp_path / "run/model.yaml").read_text())["training"]["steps"] >= 2


def test_worse_network_is_refused(initial, tmp_path, capsys, monkeypatch):
    # Every network counts as worse whose score does not rise by a hundred points.
    monkeypatch.setattr(gate, "CONSTANTS", replace(gate.CONSTANTS, max_loss=-1.0))
    assert train(initial, tmp_path / "run") == 1
    assert "refused" in capsys.readouterr().out
    assert not (tmp_path / "run/model.safetensors").exists()
    assert (tmp_path / "run/refused/model.safetensors").exists()
    assert (tmp_path / "run/state.ckpt").exists()
