"""`scenerep-train` as a user runs it: in a process of its own, killed, interrupted, resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
import yaml
from scenerep_training.cli.train import main

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.options import BackboneOptions

ROOT = Path(__file__).resolve().parents[3]
TABLETOP = ROOT / "test" / "data" / "tabletop"
SMALL = (
    *("--backbone", "test_resnet", "--init", "random", "--crop-size", "64", "--workers", "1"),
    *("--batch-size", "4", "--log-every", "2", "--pictures-every", "0"),
    *("--hidden", "32", "--outputs", "64", "--bottleneck", "16"),
    *("--local-crops", "2", "--local-size", "32", "--device", "cpu"),
)


def arguments(folder: Path, *flags: str) -> list[str]:
    return ["dino", "--data", str(TABLETOP), "--output", str(folder), *SMALL, *flags]


def command(folder: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "scenerep_training.cli.train", *arguments(folder, *flags)]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def train(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *flags),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def started(folder: Path, *flags: str) -> subprocess.Popen[str]:
    """Start a run, and wait until it has saved its state once."""
    process = subprocess.Popen(
        command(folder, *flags),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while not (folder / "model.yaml").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, "no state was saved"
        time.sleep(0.05)
    return process


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(folder / "model.safetensors")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    done = train(folder, "--max-steps", "12", "--checkpoint-every", "4")
    assert done.returncode == 0, done.stderr
    return folder


def test_the_runtime_loads_what_a_run_leaves(whole):
    backbone = load_backbone(BackboneOptions(weights=str(whole), device="cpu"))
    assert backbone.name == "test_resnet"
    card = yaml.safe_load((whole / "model.yaml").read_text())
    assert card["training"]["method"] == "dino"
    assert card["training"]["steps"] == 12
    assert card["training"]["figures"]["loss"] > 0


def test_a_run_that_was_killed_goes_on_to_the_same_weights(whole, tmp_path):
    flags = ("--max-steps", "12", "--checkpoint-every", "4")
    process = started(tmp_path / "run", *flags)
    process.kill()
    process.communicate()
    assert yaml.safe_load((tmp_path / "run" / "model.yaml").read_text())["training"]["steps"] < 12
    done = train(tmp_path / "run", *flags)
    assert done.returncode == 0, done.stderr
    expected, found = weights(whole), weights(tmp_path / "run")
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_state_and_ends_the_run(tmp_path, number):
    folder = tmp_path / "run"
    process = started(folder, "--max-steps", "100000", "--checkpoint-every", "2")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert f"{number.name}: state saved" in out
    assert "Traceback" not in err
    state = torch.load(folder / "state.ckpt", weights_only=True)
    steps = yaml.safe_load((folder / "model.yaml").read_text())["training"]["steps"]
    assert state["global_step"] == steps


def test_a_run_that_is_done_is_not_trained_again(whole, capsys):
    assert main(arguments(whole, "--max-steps", "12", "--checkpoint-every", "4")) == 0
    assert "this run is done" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--batch-size", "3", "--accumulate", "2"), "multiple of accumulate"),
        (("--backbone", "resnet1"), "did you mean"),
        (("--data-weights", "1", "2"), "2 weights for 1 recordings"),
    ],
)
def test_what_cannot_work_is_said_in_a_line(tmp_path, capsys, flags, said):
    assert main(arguments(tmp_path / "run", *flags)) == 1
    assert said in capsys.readouterr().err


def test_the_folder_of_another_run_is_refused(whole, capsys):
    assert main(arguments(whole, "--max-steps", "13")) == 1
    assert "other settings (options" in capsys.readouterr().err


def test_unreadable_data_is_named_and_stops_the_run(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for image in sorted((TABLETOP / "rgb").iterdir())[:8]:
        (data / image.name).write_bytes(image.read_bytes()[:2000])
    failed = train(tmp_path / "run", "--max-steps", "9", "--data", str(data))
    assert failed.returncode == 1
    (said,) = (line for line in failed.stderr.splitlines() if line.startswith("scenerep-train"))
    assert "cannot be read" in said or "can be read" in said
    assert "image is truncated" in said
    assert "Traceback" not in failed.stderr


def test_two_processes_end_with_the_weights_of_one(whole, tmp_path):
    """The data order, the centre and the synchronised norms make them one run."""
    flags = ("--max-steps", "12", "--checkpoint-every", "4", "--devices", "2")
    done = train(tmp_path / "run", *flags)
    assert done.returncode == 0, done.stderr
    found = weights(tmp_path / "run")
    for name, value in weights(whole).items():
        torch.testing.assert_close(found[name].float(), value.float(), atol=1e-4, rtol=1e-3)
