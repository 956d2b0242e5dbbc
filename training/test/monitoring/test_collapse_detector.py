"""Tests that real runs that collapse are stopped, and healthy runs are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenerep_training.cli.train import main
from scenerep_training.datasets.training_logs import read_curves

ROOT = Path(__file__).resolve().parents[3]
TABLETOP = ROOT / "test" / "data" / "tabletop"
SMALL = (
    *("--backbone", "test_resnet", "--init", "random", "--crop-size", "64", "--workers", "0"),
    *("--batch-size", "8", "--log-every", "1", "--preview-every", "0", "--device", "cpu"),
    *("--hidden", "64", "--outputs", "64", "--bottleneck", "32", "--frozen-head", "0"),
    *("--local-crops", "2", "--local-size", "32", "--max-steps", "120"),
    *("--learning-rate", "0.03", "--momentum", "0.9", "--checkpoint-every", "1000"),
)


def train_dino(folder: Path, *flags: str) -> int:
    return main(["dino", "--data", str(TABLETOP), "--output", str(folder), *SMALL, *flags])


@pytest.mark.parametrize(
    ("flag", "kind"), [("--no-centering", "constant"), ("--no-sharpening", "uniform")]
)
def test_collapsed_run_stops_with_its_kind_and_remedy(tmp_path, capsys, flag, kind):
    assert train_dino(tmp_path / "run", flag) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"collapsed ({kind})" in message
    assert "Lower learning_rate" in message
    assert not (tmp_path / "run" / "model.yaml").exists()


def test_run_with_centering_and_sharpening_completes(tmp_path):
    assert train_dino(tmp_path / "run", "--learning-rate", "0.002", "--max-steps", "60") == 0
    curves = read_curves(tmp_path / "run" / "log")
    assert len(curves["kl"]) == 60
    assert set(curves) == {"teacher_entropy", "kl", "feature_std", "effective_rank"}
