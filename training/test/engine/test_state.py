"""States on disk: whole or not there, and no code in them."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import pytest
import torch
from scenerep_training.engine.state import AsideCheckpoints
from scenerep_training.engine.trainer import first_step_of

from scenerep_ros.errors import ScenerepError, WeightsError

STATE = {"global_step": 7, "state_dict": {"weight": torch.arange(5000.0)}}


@contextmanager
def full_disk(size: int):
    """No file may grow past so many bytes; fails as a full disk does, in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_state_comes_back_as_it_was(tmp_path):
    path = tmp_path / "state.ckpt"
    AsideCheckpoints().save_checkpoint(STATE, path)
    read = AsideCheckpoints().load_checkpoint(path)
    assert torch.equal(read["state_dict"]["weight"], STATE["state_dict"]["weight"])
    assert first_step_of(path) == 7
    assert first_step_of(tmp_path / "none.ckpt") == 0


def test_a_full_disk_leaves_the_older_state_and_nothing_else(tmp_path):
    path = tmp_path / "state.ckpt"
    AsideCheckpoints().save_checkpoint(STATE, path)
    with full_disk(1000), pytest.raises(ScenerepError, match=r"state\.ckpt.*disk full"):
        AsideCheckpoints().save_checkpoint(STATE | {"global_step": 8}, path)
    assert first_step_of(path) == 7
    assert [child.name for child in tmp_path.iterdir()] == ["state.ckpt"]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_state_that_was_cut_short_is_refused(tmp_path, share):
    path = tmp_path / "state.ckpt"
    AsideCheckpoints().save_checkpoint(STATE, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(WeightsError, match="start again"):
        AsideCheckpoints().load_checkpoint(path)


class Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, target) -> None:
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def test_code_in_a_state_is_not_run(tmp_path):
    path, target = tmp_path / "state.ckpt", tmp_path / "harm"
    torch.save({"global_step": Harmful(target)}, path)
    with pytest.raises(WeightsError, match="never run"):
        first_step_of(path)
    assert not target.exists()
