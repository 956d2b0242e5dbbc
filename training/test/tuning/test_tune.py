"""Tests of `scenerep-train tune`: a codebook that is not worse, and that the runtime uses."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import yaml
from scenerep_training.agreement.samples import Sample
from scenerep_training.cli.train import main
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp
from scenerep_training.tuning.codebook import fit_codebook
from scenerep_training.tuning.gate import CodebookGate
from torch.nn.functional import normalize

from scenerep_ros.backbones import load_backbone
from scenerep_ros.clustering.codebook import load_codebook
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.share import sample_sequence
from scenerep_ros.frames import Features

pytestmark = pytest.mark.slow


def tune(folder, backbone, *flags):
    arguments = ["tune", "--data", str(sample_sequence()), "--output", str(folder)]
    return main([*arguments, "--backbone", backbone, "--weights", "random", *flags])


def test_tune_writes_checkpoint_with_judged_codebook(tmp_path, capsys):
    flags = ("--minutes", "0.1", "--device", "cpu", "--runtime", "torch")
    assert tune(tmp_path / "tuned", "test_resnet", *flags) == 0
    out = capsys.readouterr().out
    assert re.search(r"forecast: \d+ held-back pairs for the gate", out)
    assert "written to" in out
    config = PipelineConfig(weights=str(tmp_path / "tuned"), device="cpu", runtime="torch")
    network, codebook = load_backbone(config), load_codebook(config)
    assert network.name == "test_resnet"
    training = yaml.safe_load((tmp_path / "tuned" / "model.yaml").read_text())["training"]
    gains = training["codebook"]["gate"]
    assert set(gains) == {"3", "5", "8"}
    is_any_better = any("frames +" in text for text in gains.values())
    assert (codebook is not None) == is_any_better == ("without a codebook" not in out)


def test_tune_of_the_student_warns_of_its_gate(tmp_path, caplog):
    assert tune(tmp_path / "tuned", "student", "--minutes", "0.1", "--device", "cpu") == 0
    assert "worse codebooks of the student" in caplog.text


def test_tune_refuses_folder_of_checkpoint(tmp_path, capsys):
    (tmp_path / "model.yaml").write_text("")
    assert tune(tmp_path, "test_resnet") == 1
    assert "holds a checkpoint already" in capsys.readouterr().err


def test_codebook_of_separate_groups_is_stable():
    torch.manual_seed(0)
    groups = torch.eye(4).repeat_interleave(20, 0)
    frames = [normalize(groups + 0.01 * torch.randn(80, 4), dim=1) for _ in range(6)]
    centers, stability = fit_codebook(frames, clusters=4, seed=0)
    assert torch.cdist(torch.eye(4), centers).min(dim=1).values.max() < 0.1
    assert stability == pytest.approx(1.0)


def halves_sample(name):
    """Pair of frames whose reference object is the left half."""
    reference = np.zeros((48, 64), np.int32)
    reference[:, :32] = 1
    pixels = np.zeros((4, 4), np.intp)
    warp = NearestBackwardWarp(pixels, pixels, pixels > 0, False)
    color = np.zeros((48, 64, 3), np.uint8)
    return Sample(name, "room", (color, color), (reference, reference), warp)


def halves_backbone(_color, _resolution):
    """Backbone of a left and a right half, each of three kinds of patches."""
    kinds = torch.arange(6 * 8).reshape(6, 8) % 3
    is_left = (torch.arange(8) < 4).float().expand(6, 8)
    parts = torch.nn.functional.one_hot(kinds, 3).float()
    grid = torch.cat([is_left[..., None], 1 - is_left[..., None], 0.5 * parts], dim=-1)
    return Features(grid, grid.mean((0, 1)))


def test_gate_accepts_codebook_of_the_objects_only():
    gate = CodebookGate(halves_backbone, [halves_sample(f"room/{n}") for n in range(6)])
    sides = torch.eye(5)[:2]
    kinds = torch.eye(5)[2:]
    good, bad = gate.judge(sides), gate.judge(kinds)
    assert good.gain > 0.1
    assert good.is_accepted
    assert bad.gain < 0
    assert not bad.is_accepted
    assert good.interval[0] <= good.gain <= good.interval[1]


def test_gate_without_references_accepts_no_codebook():
    gate = CodebookGate(halves_backbone, [])
    verdict = gate.judge(torch.eye(5)[:2])
    assert not verdict.is_accepted
    assert "no held-back frame has a reference" in verdict.describe()
