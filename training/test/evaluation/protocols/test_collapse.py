"""Curves as in figure 7 of the DINO paper, and what is said of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenerep_training.evaluation.framework.runner import read_failures, run_protocol
from scenerep_training.evaluation.protocols.collapse import Collapse, diagnose, verdict

from scenerep_ros.config.pipeline import PipelineConfig

OUTPUTS = 65536
HIGHEST = np.log(OUTPUTS)
STEPS = np.linspace(0, 1, 100)
FADING = np.exp(-12 * STEPS)


def curve(values):
    return np.stack([100 * STEPS, np.broadcast_to(values, STEPS.shape)], axis=1)


def log(entropy, kl):
    return {"teacher_entropy": curve(entropy), "kl": curve(kl)}


WITHOUT_CENTRING = log(HIGHEST * FADING, FADING)
WITHOUT_SHARPENING = log(HIGHEST - FADING, FADING)
WITH_BOTH = log(4 + (HIGHEST - 4) * FADING, 1 + FADING)


@pytest.mark.parametrize(
    ("curves", "said"),
    [
        (WITHOUT_CENTRING, "constant collapse"),
        (WITHOUT_SHARPENING, "uniform collapse"),
        (WITH_BOTH, "no collapse"),
        (log(0.01, 0.8), "no collapse"),  # sure of each image, but not of the same output
        (log(HIGHEST - 0.01, 0.8), "no collapse"),
        ({"teacher_entropy": curve(0.01)}, "constant collapse"),
        ({"feature_std": curve(FADING)}, "constant collapse"),
        ({"feature_std": curve(0.05)}, "no collapse"),
        ({"kl": curve(FADING)}, "the log does not tell"),
    ],
)
def test_which_collapse_it_is(curves, said):
    assert verdict(diagnose(curves, OUTPUTS)) == said


def test_without_the_number_of_outputs_a_uniform_collapse_cannot_be_told():
    figures = diagnose(WITHOUT_SHARPENING)
    assert np.isnan(figures["uniform"])
    assert "--outputs" in verdict(figures)
    assert verdict(diagnose(WITHOUT_CENTRING)) == "constant collapse"


def test_the_late_value_is_where_the_curve_went_not_its_last_jump():
    values = np.full(100, 2.0)
    values[-1] = 50
    assert diagnose({"kl": curve(values)})["kl"] == 2


def test_a_folder_of_logs_is_measured_drawn_and_named(tmp_path):
    data = tmp_path / "logs"
    for name, curves in (("a/constant", WITHOUT_CENTRING), ("b/healthy", WITH_BOTH)):
        table = np.column_stack([curves["kl"], curves["teacher_entropy"][:, 1]])
        (data / name).parent.mkdir(parents=True)
        header = "step,kl,teacher_entropy"
        np.savetxt(data / f"{name}.csv", table, delimiter=",", header=header, comments="")
    (data / "empty.jsonl").write_text("")
    run = run_protocol(Collapse(data, PipelineConfig(), OUTPUTS), tmp_path / "out", {"seed": 0})
    means, said = run["tables"]
    assert means["rows"]["all"]["collapsed"] == 0.5
    assert list(said["rows"]) == ["a/constant.csv: constant collapse", "b/healthy.csv: no collapse"]
    assert [name for name, _ in read_failures(tmp_path / "out")] == ["empty.jsonl"]
    drawn = sorted(path.name for path in (tmp_path / "out" / "plots").iterdir())
    assert drawn == ["a__constant.csv.png", "all-logs.png", "b__healthy.csv.png"]
    assert cv2.imread(str(tmp_path / "out" / "plots" / drawn[0])).shape[1] > 700
