"""Tests of the collapse detector, alone and in real runs."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import MagicMock

import pytest
import torch
from scenerep_training.cli.train import main
from scenerep_training.datasets.training_logs import read_curves
from scenerep_training.methods.base import StepOutput
from scenerep_training.monitoring.collapse_criteria import MIN_AGREEING_MEASUREMENTS
from scenerep_training.monitoring.collapse_detector import CollapseDetector, CollapseError

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flag", "kind"), [("--no-centering", "constant"), ("--no-sharpening", "uniform")]
)
def test_collapsed_run_stops_with_its_kind_and_remedy(tmp_path, capsys, flag, kind):
    assert train_dino(tmp_path / "run", flag) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"collapsed ({kind})" in message
    assert "Lower learning_rate" in message
    assert not (tmp_path / "run" / "model.yaml").exists()


@pytest.mark.slow
def test_run_with_centering_and_sharpening_completes(tmp_path):
    assert train_dino(tmp_path / "run", "--learning-rate", "0.002", "--max-steps", "60") == 0
    curves = read_curves(tmp_path / "run" / "log")
    assert len(curves["kl"]) == 60
    assert set(curves) == {"teacher_entropy", "kl", "feature_std", "effective_rank"}


@pytest.fixture
def collapsed_method():
    """Method stub whose teacher gives every image the same certain output."""
    probs = torch.eye(4)[:1].expand(6, 4)
    output = StepOutput(torch.zeros(()), torch.ones(6, 3), probs, probs.clamp(1e-6).log())
    return MagicMock(last_output=output)


def test_detector_raises_once_measurements_agree(collapsed_method):
    detector = CollapseDetector(every=2)
    for step in range(1, 2 * MIN_AGREEING_MEASUREMENTS):
        detector.on_step_end(None, collapsed_method, step)
    with pytest.raises(CollapseError, match="collapsed \\(constant\\)"):
        detector.on_step_end(None, collapsed_method, 2 * MIN_AGREEING_MEASUREMENTS)


def test_detector_of_resumed_run_restores_history(collapsed_method):
    detector, resumed = CollapseDetector(every=1), CollapseDetector(every=1)
    for step in range(1, MIN_AGREEING_MEASUREMENTS):
        detector.on_step_end(None, collapsed_method, step)
    resumed.load_state_dict(detector.state_dict())
    with pytest.raises(CollapseError):
        resumed.on_step_end(None, collapsed_method, MIN_AGREEING_MEASUREMENTS)


def test_detector_raises_at_features_that_are_not_finite():
    method = MagicMock(last_output=StepOutput(torch.zeros(()), torch.full((6, 3), torch.nan)))
    with pytest.raises(CollapseError, match=r"step 1: diverged.*learning_rate"):
        CollapseDetector(every=1).on_step_end(None, method, 1)
