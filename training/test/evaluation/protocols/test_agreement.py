"""Tests of the protocol `agreement`, label-free scores of backbones."""

from __future__ import annotations

import pytest
from scenerep_training.cli.evaluate import main
from scenerep_training.engine.run_folder import read_json

from scenerep_ros.filesystem.share import sample_sequence

pytestmark = pytest.mark.slow


def test_agreement_compares_two_backbones_with_intervals(tmp_path):
    arguments = ["agreement", "--data", str(sample_sequence()), "--out", str(tmp_path / "run")]
    models = ["--models", "test_resnet=random", "test_vit=random", "--pairs", "6"]
    assert main([*arguments, *models, "--resolution", "160", "--device", "cpu"]) == 0
    run = read_json(tmp_path / "run" / "run.json")
    means, differences = run["tables"]
    assert set(means["rows"]) == {"test_resnet-random", "test_vit-random", "all"}
    difference = differences["rows"]["test_vit-random"]["agreement"]
    expected = (
        means["rows"]["test_vit-random"]["agreement"]
        - means["rows"]["test_resnet-random"]["agreement"]
    )
    assert difference == pytest.approx(expected)
    low, high = (
        differences["rows"][f"test_vit-random, {bound} bound"]["agreement"]
        for bound in ("lower", "upper")
    )
    assert low <= difference <= high
