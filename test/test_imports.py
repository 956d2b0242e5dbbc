"""Modules that a start with a cached graph does without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint

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


def slow_imports(weights: Path, cache: Path) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(weights)],
        env={**os.environ, "SCENEREP_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


@pytest.mark.slow
def test_second_start_segments_with_every_method_without_torch(checkpoint, tmp_path):
    pytest.importorskip("openvino", reason="openvino is installed on x86 only")
    assert {"torch", "timm"} <= slow_imports(checkpoint, tmp_path / "cache")
    assert not slow_imports(checkpoint, tmp_path / "cache") - {"matplotlib"}  # kneed imports it
