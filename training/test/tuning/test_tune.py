"""Tests of `scenerep-train tune` on the embedded sequence, with tiny networks."""

from __future__ import annotations

import pytest
import torch
import yaml
from scenerep_training.cli.train import main
from scenerep_training.tuning.codebook import fit_codebook
from torch.nn.functional import normalize

from scenerep_ros.backbones import load_backbone
from scenerep_ros.clustering.codebook import load_codebook
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.share import sample_sequence

pytestmark = pytest.mark.slow


def tune(folder, backbone, *flags):
    arguments = ["tune", "--data", str(sample_sequence()), "--output", str(folder)]
    return main([*arguments, "--backbone", backbone, "--weights", "random", *flags])


@pytest.mark.parametrize("backbone", ["test_vit", "test_resnet"])
def test_tune_writes_checkpoint_with_codebook(tmp_path, capsys, backbone):
    assert tune(tmp_path / "tuned", backbone, "--minutes", "0.1", "--device", "cpu") == 0
    out = capsys.readouterr().out
    assert "forecast:" in out
    assert "written to" in out
    config = PipelineConfig(weights=str(tmp_path / "tuned"), device="cpu")
    network, codebook = load_backbone(config), load_codebook(config)
    assert network.name == backbone
    training = yaml.safe_load((tmp_path / "tuned" / "model.yaml").read_text())["training"]
    assert codebook is not None
    assert len(codebook) == training["codebook"]["clusters"]


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
