"""Tests of the command `tune` before it trains; `test/ros/nodes/test_tuned_weights.py` trains."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import write_images
from scenerep_training.cli.train import main
from scenerep_training.methods.distill import Distill
from scenerep_training.networks.encoder import build_encoder
from scenerep_training.tuning.options import TuneOptions, distill_options


def test_tune_of_a_short_recording_asks_for_a_longer_one(tmp_path, capsys):
    recording = write_images(tmp_path / "recording", 6)
    assert main(["tune", "--data", str(recording), "--output", str(tmp_path / "lab")]) == 1
    assert "record longer" in capsys.readouterr().err
    assert not (tmp_path / "lab").exists()


def test_tune_of_a_missing_recording_names_it(tmp_path, capsys):
    missing = tmp_path / "missing"
    assert main(["tune", "--data", str(missing), "--output", str(tmp_path / "lab")]) == 1
    assert str(missing) in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing", "model.yaml"])
def test_tune_from_an_unknown_network_names_it(tmp_path, capsys, name):
    recording = write_images(tmp_path / "recording", 20)
    arguments = ["--data", str(recording), "--output", str(tmp_path / "lab"), "--device", "cpu"]
    assert main(["tune", *arguments, "--init", str(tmp_path / name)]) == 1
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("settings", ["{}", '{"options": {"max_steps": 3}}'])
def test_tune_into_the_folder_of_another_run_is_refused(tmp_path, capsys, settings):
    recording = write_images(tmp_path / "recording", 20)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "settings.json").write_text(settings)
    assert main(["tune", "--data", str(recording), "--output", str(tmp_path / "lab")]) == 1
    assert "name another --output" in capsys.readouterr().err


def test_options_of_tune_suit_the_packaged_student():
    options = distill_options(TuneOptions(), Path("cache"), frames=8, steps=10, interval=5)
    encoder = build_encoder(options.backbone, options.init, frozen_norms=options.frozen_norms)
    exported = Distill(options, encoder).exported_encoder
    assert exported.state_dict().keys() == encoder.state_dict().keys()
