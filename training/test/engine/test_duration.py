"""Tests of the steps and the batch size that fit into a given time and into the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from scenerep_training.engine.duration import batch_sizes, with_duration
from scenerep_training.engine.run import DeviceMemoryError, RunConfig
from scenerep_training.engine.run_folder import check_run_folder, claim_run_folder
from scenerep_training.engine.trainer import lightning_precision
from scenerep_training.methods.registry import METHODS

from scenerep_ros.errors import ConfigError

TABLETOP = Path(__file__).resolve().parents[3] / "test" / "data" / "tabletop"
SMALL = {"backbone": "test_resnet", "init": "random", "crop_size": 32, "device": "cpu"}
SMALL |= {"workers": 0, "hidden": 16, "projection": 8}
HELD_PAIRS = 16


def run_config(folder, **options):
    options = METHODS["byol"].Options(**SMALL | options)
    return RunConfig("byol", options, (TABLETOP,), None, folder)


@pytest.fixture
def small_device(monkeypatch):
    """Let every batch above 16 pairs exceed the memory, as a small GPU does."""
    compute_loss = METHODS["byol"].compute_loss

    def limited(self, views):
        if len(views["views"]) > HELD_PAIRS:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute_loss(self, views)

    monkeypatch.setattr(METHODS["byol"], "compute_loss", limited)


def test_default_batch_may_be_halved_to_eight():
    assert batch_sizes(METHODS["byol"].Options()) == [64, 32, 16, 8]


def test_batch_of_user_stays():
    assert batch_sizes(METHODS["byol"].Options(batch_size=64)) == [64]


def test_halved_batch_is_divisible_by_accumulated_batches():
    sizes = batch_sizes(METHODS["byol"].Options(accumulate=4))
    assert sizes == [64, 32]


@pytest.mark.usefixtures("small_device")
def test_short_time_gets_smallest_batch(tmp_path):
    options = with_duration(run_config(tmp_path / "run"), minutes=0.01).options
    assert options.batch_size == 8
    assert options.max_steps >= 1


@pytest.mark.usefixtures("small_device")
def test_long_time_gets_largest_batch_that_device_holds(tmp_path):
    options = with_duration(run_config(tmp_path / "run"), minutes=1e4).options
    assert options.batch_size == HELD_PAIRS


@pytest.mark.usefixtures("small_device")
def test_batch_of_user_above_memory_is_named(tmp_path):
    with pytest.raises(DeviceMemoryError, match="batch_size = 32: exceeds the memory"):
        with_duration(run_config(tmp_path / "run", batch_size=32), minutes=1e4)


def test_resumed_run_keeps_its_steps_and_batch(tmp_path):
    first = run_config(tmp_path / "run", batch_size=16, max_steps=7)
    claim_run_folder(first.folder, first.settings())
    options = with_duration(run_config(tmp_path / "run"), minutes=1e4).options
    assert (options.batch_size, options.max_steps) == (16, 7)


def test_run_like_another_takes_its_steps(tmp_path):
    first = run_config(tmp_path / "seed0", batch_size=16, max_steps=7)
    claim_run_folder(first.folder, first.settings())
    second = run_config(tmp_path / "seed1", batch_size=16)
    assert with_duration(second, minutes=1e4, like=first.folder).options.max_steps == 7


def test_resumed_run_with_another_batch_of_user_is_refused(tmp_path):
    first = run_config(tmp_path / "run", batch_size=16)
    claim_run_folder(first.folder, first.settings())
    other = with_duration(run_config(tmp_path / "run", batch_size=32), minutes=1e4)
    with pytest.raises(ConfigError, match="other settings"):
        check_run_folder(other.folder, other.settings())


def test_automatic_precision_on_cpu_is_fp32():
    assert lightning_precision("auto", "cpu") == "32-true"
    assert lightning_precision("bf16", "cpu") == "bf16-mixed"
