"""Tests of `scenerep-train`: killed, interrupted, resumed, distributed."""

from __future__ import annotations

import os
import shutil
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

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
TABLETOP = ROOT / "test" / "data" / "tabletop"
SMALL = (
    *("--backbone", "test_resnet", "--init", "random", "--crop-size", "64", "--workers", "1"),
    *("--batch-size", "4", "--log-every", "2", "--preview-every", "0"),
    *("--hidden", "32", "--outputs", "64", "--bottleneck", "16"),
    *("--local-crops", "2", "--local-size", "32", "--device", "cpu"),
)


def arguments(folder: Path, *flags: str) -> list[str]:
    return ["dino", "--data", str(TABLETOP), "--output", str(folder), *SMALL, *flags]


def command(folder: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "scenerep_training.cli.train", *arguments(folder, *flags)]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def start_and_wait_for_state(folder: Path, *flags: str) -> subprocess.Popen[str]:
    """Start a run, and wait until it has saved its state once."""
    process = subprocess.Popen(
        command(folder, *flags),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (folder / "model.yaml").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "no state was saved"
        time.sleep(0.05)
    return process


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(folder / "model.safetensors")


def read_training_card(folder: Path) -> dict:
    return yaml.safe_load((folder / "model.yaml").read_text())["training"]


@pytest.fixture(scope="module")
def complete_run(tmp_path_factory) -> Path:
    """Folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("runs") / "complete"
    assert main(arguments(folder, "--max-steps", "12", "--checkpoint-every", "4")) == 0
    return folder


def test_checkpoint_of_run_loads_in_runtime(complete_run):
    backbone = load_backbone(
        BackboneOptions(weights=str(complete_run), runtime="torch", device="cpu")
    )
    assert backbone.name == "test_resnet"
    training = read_training_card(complete_run)
    assert training["method"] == "dino"
    assert training["steps"] == 12
    assert training["metrics"]["loss"] > 0


def test_killed_run_resumes_to_identical_weights(complete_run, tmp_path):
    flags = ("--max-steps", "12", "--checkpoint-every", "4")
    process = start_and_wait_for_state(tmp_path / "run", *flags)
    process.kill()
    process.communicate()
    assert read_training_card(tmp_path / "run")["steps"] < 12
    assert main(arguments(tmp_path / "run", *flags)) == 0
    resumed = read_weights(tmp_path / "run")
    for name, value in read_weights(complete_run).items():
        assert torch.equal(resumed[name], value), name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_saves_state_and_ends_run(tmp_path, number):
    folder = tmp_path / "run"
    process = start_and_wait_for_state(folder, "--max-steps", "100000", "--checkpoint-every", "2")
    os.killpg(process.pid, number)  # as a terminal and `timeout` do
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert f"{number.name}: state saved" in out
    assert "Traceback" not in err
    state = torch.load(folder / "state.ckpt", weights_only=True)
    assert state["global_step"] == read_training_card(folder)["steps"]


def test_signal_to_every_process_saves_state(tmp_path):
    folder = tmp_path / "run"
    process = start_and_wait_for_state(folder, "--max-steps", "100000", "--checkpoint-every", "2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children, "no worker is running"
    for number in (*map(int, children), process.pid):  # as systemd does
        os.kill(number, signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert "SIGTERM: state saved" in out
    assert "Traceback" not in err


def test_complete_run_is_not_trained_again(complete_run, capsys):
    assert main(arguments(complete_run, "--max-steps", "12", "--checkpoint-every", "4")) == 0
    assert "this run is complete" in capsys.readouterr().out


def test_complete_run_is_lengthened_by_more_steps(complete_run, tmp_path):
    shutil.copytree(complete_run, tmp_path / "run")
    assert main(arguments(tmp_path / "run", "--max-steps", "14", "--checkpoint-every", "4")) == 0
    assert read_training_card(tmp_path / "run")["steps"] == 14
    before, after = read_weights(complete_run), read_weights(tmp_path / "run")
    # The learning rate of the complete run was 0 from its last step on.
    assert not torch.equal(before["conv1.0.weight"], after["conv1.0.weight"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--batch-size", "3", "--accumulate", "2"), "multiple of accumulate"),
        (("--backbone", "resnet1"), "did you mean"),
        (("--data-weights", "1", "2"), "2 weights for 1 recordings"),
        (("--min-local-crop", "0.9"), "must not exceed min_crop"),
        (("--max-steps", "5", "--minutes", "1"), "give one of them"),
        (("--devices", "2", "--minutes", "1"), "give --max-steps"),
    ],
)
def test_invalid_arguments_fail_with_one_line(tmp_path, capsys, flags, message):
    assert main(arguments(tmp_path / "run", *flags)) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_folder_of_another_run_is_refused(complete_run, capsys):
    assert main(arguments(complete_run, "--max-steps", "12", "--seed", "1")) == 1
    assert "other settings (options" in capsys.readouterr().err


def test_unreadable_data_stops_run_and_is_named(tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    for image in sorted((TABLETOP / "rgb").iterdir())[:8]:
        (data / image.name).write_bytes(image.read_bytes()[:2000])
    assert main(arguments(tmp_path / "run", "--max-steps", "9", "--data", str(data))) == 1
    err = capsys.readouterr().err
    (line,) = (line for line in err.splitlines() if line.startswith("scenerep-train"))
    assert "can be read" in line or "cannot be read" in line
    assert "image is truncated" in line
    assert "Traceback" not in err


def test_two_processes_end_with_weights_of_one(complete_run, tmp_path):
    flags = ("--max-steps", "12", "--checkpoint-every", "4", "--devices", "2")
    done = subprocess.run(
        command(tmp_path / "run", *flags),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    weights = read_weights(tmp_path / "run")
    for name, value in read_weights(complete_run).items():
        torch.testing.assert_close(weights[name].float(), value.float(), atol=1e-4, rtol=1e-3)
