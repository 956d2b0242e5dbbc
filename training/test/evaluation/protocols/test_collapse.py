"""Diagnosis of curves as in figure 7 of the DINO paper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenerep_training.evaluation.framework.runner import read_failures, run_protocol
from scenerep_training.evaluation.protocols.collapse import Collapse, diagnose, verdict

from scenerep_ros.config.pipeline import PipelineConfig

OUTPUTS = 65536
MAX_ENTROPY = np.log(OUTPUTS)
STEPS = np.linspace(0, 1, 100)
DECAY = np.exp(-12 * STEPS)


def make_curve(values):
    return np.stack([100 * STEPS, np.broadcast_to(values, STEPS.shape)], axis=1)


def make_log(entropy, kl):
    return {"teacher_entropy": make_curve(entropy), "kl": make_curve(kl)}


WITHOUT_CENTERING = make_log(MAX_ENTROPY * DECAY, DECAY)
WITHOUT_SHARPENING = make_log(MAX_ENTROPY - DECAY, DECAY)
WITH_BOTH = make_log(4 + (MAX_ENTROPY - 4) * DECAY, 1 + DECAY)


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        (WITHOUT_CENTERING, "constant collapse"),
        (WITHOUT_SHARPENING, "uniform collapse"),
        (WITH_BOTH, "no collapse"),
        (make_log(0.01, 0.8), "no collapse"),  # confident, but not of the same output
        (make_log(MAX_ENTROPY - 0.01, 0.8), "no collapse"),
        ({"teacher_entropy": make_curve(0.01)}, "constant collapse"),
        ({"feature_std": make_curve(DECAY)}, "constant collapse"),
        ({"feature_std": make_curve(0.05)}, "no collapse"),
        ({"kl": make_curve(DECAY)}, "not enough columns for a diagnosis"),
    ],
)
def test_verdict_names_kind_of_collapse(curves, expected):
    assert verdict(diagnose(curves, OUTPUTS)) == expected


def test_diagnose_without_outputs_cannot_detect_uniform_collapse():
    metrics = diagnose(WITHOUT_SHARPENING)
    assert np.isnan(metrics["uniform"])
    assert "--outputs" in verdict(metrics)
    assert verdict(diagnose(WITHOUT_CENTERING)) == "constant collapse"


def test_diagnose_ignores_last_outlier():
    values = np.full(100, 2.0)
    values[-1] = 50
    assert diagnose({"kl": make_curve(values)})["kl"] == 2


def test_collapse_measures_and_plots_folder_of_logs(tmp_path):
    data = tmp_path / "logs"
    for name, curves in (("a/constant", WITHOUT_CENTERING), ("b/healthy", WITH_BOTH)):
        table = np.column_stack([curves["kl"], curves["teacher_entropy"][:, 1]])
        (data / name).parent.mkdir(parents=True)
        header = "step,kl,teacher_entropy"
        np.savetxt(data / f"{name}.csv", table, delimiter=",", header=header, comments="")
    (data / "empty.jsonl").write_text("")
    run = run_protocol(Collapse(data, PipelineConfig(), OUTPUTS), tmp_path / "out", {"seed": 0})
    means, verdicts = run["tables"]
    assert means["rows"]["all"]["collapsed"] == 0.5
    assert list(verdicts["rows"]) == [
        "a/constant.csv: constant collapse",
        "b/healthy.csv: no collapse",
    ]
    assert [name for name, _ in read_failures(tmp_path / "out")] == ["empty.jsonl"]
    plots = sorted(path.name for path in (tmp_path / "out" / "plots").iterdir())
    assert plots == ["a__constant.csv.png", "all-logs.png", "b__healthy.csv.png"]
    assert cv2.imread(str(tmp_path / "out" / "plots" / plots[0])).shape[1] > 700
