"""Tests of training on shards: two processes on two recordings in shards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import safetensors.torch
import torch
from clips import write_images
from scenerep_training.cli.train import main

pytest.importorskip("litdata", reason="the extra `shards` is not installed")
pytestmark = pytest.mark.slow

SMALL = (
    *("--backbone", "test_resnet", "--init", "random", "--crop-size", "32", "--workers", "1"),
    *("--batch-size", "4", "--max-steps", "3", "--checkpoint-every", "3", "--log-every", "3"),
    *("--preview-every", "0", "--hidden", "16", "--projection", "8", "--device", "cpu"),
)


def train(data, folder, *flags):
    arguments = ["simclr", "--data", *map(str, data), "--output", str(folder), *SMALL, *flags]
    if not flags:
        assert main(arguments) == 0
    else:
        command = [sys.executable, "-m", "scenerep_training.cli.train", *arguments]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr
    return safetensors.torch.load_file(folder / "model.safetensors")


def test_two_processes_on_shards_end_with_weights_of_recordings(tmp_path):
    recordings = [write_images(tmp_path / "a", 12), write_images(tmp_path / "b", 9)]
    shards = tmp_path / "shards"
    assert main(["shards", *map(str, recordings), "--output", str(shards)]) == 0
    expected = train(recordings, tmp_path / "recordings-run")
    # One process reads the very same pixels; two add their gradients in another order.
    for name, value in train([shards], tmp_path / "one").items():
        assert torch.equal(value, expected[name]), name
    for name, value in train([shards], tmp_path / "two", "--devices", "2").items():
        torch.testing.assert_close(value.float(), expected[name].float(), atol=1e-4, rtol=1e-3)
