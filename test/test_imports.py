"""Modules that a start with a cached graph does without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch

from scenerep_ros.backbones.runtimes.loading import export_fp32
from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.backbones.weights.packaged import PACKAGE_FOLDER
from scenerep_ros.config.options import BackboneOptions

BACKBONE = "vit_tiny_patch16_224"
SLOW_MODULES = ("torch", "timm", "torchvision", "matplotlib", "sklearn", "open3d")
PROGRAM = f"""
import sys
import numpy as np
from scenerep_ros import Pipeline, PipelineConfig
from scenerep_ros.frames import KINECT, RGBDFrame

options = {{"backbone": "{BACKBONE}", "weights": sys.argv[1], "resolution": 96}}
pipeline = Pipeline(PipelineConfig(device="cpu", **options))
rng = np.random.default_rng(0)
color = rng.integers(0, 256, (120, 160, 3), np.uint8)
depth = rng.uniform(1, 2, (120, 160)).astype(np.float32)
for method in ("fused", "kmeans_knee", "ncut", "spectral", "agglomeration", "attention"):
    pipeline.configure(pipeline.config.model_copy(update={{"method": method}}))
    pipeline(RGBDFrame(color, depth, KINECT))
    pipeline(RGBDFrame(color))
print(*(name for name in {SLOW_MODULES} if name in sys.modules))
"""

BLOCK_TORCH = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "timm", "onnx"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in ("torch", "timm") else find_spec(name)
"""
"""Makes a process one of a machine on which torch and what needs it are not installed."""
WITHOUT_TORCH = BLOCK_TORCH + PROGRAM
COMMAND_WITHOUT_TORCH = f"""
{BLOCK_TORCH}
from scenerep_ros.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    torch.manual_seed(0)
    network = timm.create_model(BACKBONE, num_classes=0)
    half = (0.5, 0.5, 0.5)
    card = ModelCard(
        architecture=BACKBONE, mean=half, std=half, resolution=96, origin="test", license="none"
    )
    save_checkpoint(tmp_path / "checkpoint", network.state_dict(), card)
    return tmp_path / "checkpoint"


def run_program(
    program: str, cache: Path, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "SCENEREP_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def slow_imports(weights: Path, cache: Path) -> set[str]:
    run = run_program(PROGRAM, cache, weights)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.slow
def test_second_start_segments_with_every_method_without_torch(checkpoint, tmp_path):
    pytest.importorskip("openvino", reason="openvino is installed on x86 only")
    assert {"torch", "timm"} <= slow_imports(checkpoint, tmp_path / "cache")
    assert not slow_imports(checkpoint, tmp_path / "cache") - {"matplotlib"}  # kneed imports it


@pytest.mark.slow
def test_exported_network_runs_where_torch_is_not_installed(checkpoint, tmp_path):
    pytest.importorskip("openvino", reason="openvino is installed on x86 only")
    options = BackboneOptions(backbone=BACKBONE, weights=str(checkpoint))
    (tmp_path / "graph").mkdir()
    graph = export_fp32(options, tmp_path / "graph")
    run = run_program(WITHOUT_TORCH, tmp_path / "cache", graph.folder)
    assert run.returncode == 0, run.stderr


def test_network_to_export_without_torch_names_what_is_missing(checkpoint, tmp_path):
    run = run_program(WITHOUT_TORCH, tmp_path / "cache", checkpoint)
    assert "ConfigError: torch and timm: not installed, so only networks run that" in run.stderr


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ("missing", "no such file; expected auto, wheel"),
        ("empty", "no model card, neither model.yaml of a checkpoint nor graph.yaml"),
        ("graph/model.onnx", "a file of an exported graph; set weights to its folder"),
    ],
)
def test_wrong_path_without_torch_is_named(tmp_path, weights, problem):
    for folder in ("empty", "graph"):
        (tmp_path / folder).mkdir()
    for name in ("graph.yaml", "model.onnx"):
        (tmp_path / "graph" / name).touch()
    run = run_program(WITHOUT_TORCH, tmp_path / "cache", tmp_path / weights)
    assert f"WeightsError: weights = '{tmp_path / weights}': {problem}" in run.stderr


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("weights verify STUDENT", "intact   STUDENT"),
        ("weights fetch student", "student: part of the package"),
        ("weights fetch", "no network can run these weights; export it on a machine that has them"),
        ("export --out graph", "no network can be exported; export it on a machine that has them"),
        ("doctor --seconds 0", "FAIL  weights  "),
        (
            "segment RECORDING --out out --device cuda",
            "device = 'cuda': torch, which computes on it",
        ),
    ],
)
def test_command_without_torch_says_what_to_do(tmp_path, tabletop_folder, command, output):
    names = {"STUDENT": str(PACKAGE_FOLDER), "RECORDING": str(tabletop_folder)}
    arguments = [names.get(argument, argument) for argument in command.split()]
    run = run_program(COMMAND_WITHOUT_TORCH, tmp_path / "cache", *arguments)
    assert "Traceback" not in run.stderr
    text = " ".join((run.stdout + run.stderr).split())
    assert " ".join(output.replace("STUDENT", names["STUDENT"]).split()) in text


@pytest.mark.slow
def test_commands_of_an_exported_network_run_without_torch(checkpoint, tmp_path, tabletop_folder):
    pytest.importorskip("openvino", reason="openvino is installed on x86 only")
    options = BackboneOptions(backbone=BACKBONE, weights=str(checkpoint))
    (tmp_path / "graph").mkdir()
    graph = export_fp32(options, tmp_path / "graph").folder
    bench = ["bench", tabletop_folder, "--frames", "2", "--no-node", "--resolution", "96"]
    for command in (["doctor", "--seconds", "0"], bench):
        arguments = [*command, "--weights", graph]
        run = run_program(COMMAND_WITHOUT_TORCH, tmp_path / "cache", *arguments)
        assert run.returncode == 0, run.stderr
