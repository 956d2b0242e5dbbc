"""Tests of saved states: atomic writes, and reading without executing code."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from unittest.mock import MagicMock

import pytest
import torch
from scenerep_training.engine import state
from scenerep_training.engine.state import (
    AtomicCheckpointIO,
    StateCheckpoint,
    read_completed_steps,
)

from scenerep_ros.errors import ScenerepError, WeightsError

STATE = {"global_step": 7, "state_dict": {"weight": torch.arange(5000.0)}}


@contextmanager
def full_disk(size: int):
    """Limit the size of files, which fails in the middle of a write like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_state_is_read_as_saved(tmp_path):
    path = tmp_path / "state.ckpt"
    AtomicCheckpointIO().save_checkpoint(STATE, path)
    state = AtomicCheckpointIO().load_checkpoint(path)
    assert torch.equal(state["state_dict"]["weight"], STATE["state_dict"]["weight"])
    assert read_completed_steps(path) == 7


def test_read_completed_steps_without_state_is_zero(tmp_path):
    assert read_completed_steps(tmp_path / "none.ckpt") == 0


def test_save_on_full_disk_keeps_previous_state(tmp_path):
    path = tmp_path / "state.ckpt"
    AtomicCheckpointIO().save_checkpoint(STATE, path)
    with full_disk(1000), pytest.raises(ScenerepError, match=r"state\.ckpt.*File too large"):
        AtomicCheckpointIO().save_checkpoint(STATE | {"global_step": 8}, path)
    assert read_completed_steps(path) == 7
    assert [child.name for child in tmp_path.iterdir()] == ["state.ckpt"]


@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.99])
def test_load_of_truncated_state_raises(tmp_path, ratio):
    path = tmp_path / "state.ckpt"
    AtomicCheckpointIO().save_checkpoint(STATE, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(ratio * len(data))])
    with pytest.raises(WeightsError, match="start again"):
        AtomicCheckpointIO().load_checkpoint(path)


class WritesFileOnUnpickling:
    def __init__(self, target) -> None:
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def test_load_does_not_execute_code(tmp_path):
    path, target = tmp_path / "state.ckpt", tmp_path / "harm"
    torch.save({"global_step": WritesFileOnUnpickling(target)}, path)
    with pytest.raises(WeightsError, match="never executed"):
        read_completed_steps(path)
    assert not target.exists()


def test_best_step_is_exported_before_the_state(tmp_path, monkeypatch):
    exported = []
    monkeypatch.setattr(state, "export_checkpoint", lambda *arguments: exported.append(arguments))
    trainer = MagicMock(should_stop=True, is_global_zero=True, callback_metrics={})
    trainer.save_checkpoint.side_effect = ScenerepError("the disk is full")
    callback = StateCheckpoint(tmp_path, 1, {}, MagicMock(is_best=True))
    with pytest.raises(ScenerepError, match="full"):
        callback.on_step_end(trainer, MagicMock(), 1)
    assert exported
