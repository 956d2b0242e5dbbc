"""Tests of the seeding by position in the run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from scenerep_training.engine.seeding import StepSeeding


def draw(seed=0, step=3, batch=1, rank=0):
    """Return the random number that follows the seeding of a batch."""
    trainer = SimpleNamespace(global_step=step, global_rank=rank)
    StepSeeding(seed).on_train_batch_start(trainer, None, None, batch)
    return float(torch.rand(()))


def test_seeding_of_same_position_repeats_numbers():
    first = draw()
    torch.rand(5)
    assert draw() == first


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 4}, {"batch": 2}, {"rank": 1}])
def test_seeding_of_other_position_changes_numbers(change):
    assert draw(**change) != draw()
