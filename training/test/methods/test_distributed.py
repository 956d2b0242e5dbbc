"""Tests that two processes with half a batch each equal one process with the whole batch."""

from __future__ import annotations

import pytest
import torch
from tiny import WIDTHS
from two_processes import run_processes, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    return run_processes(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def whole():
    return {name: train(name) for name in WIDTHS}


def assert_equal(actual, expected):
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(
            actual[key], value, atol=1e-5, rtol=1e-5, msg=lambda m, k=key: f"{k}: {m}"
        )


@pytest.mark.parametrize("name", WIDTHS)
def test_two_processes_have_loss_of_whole_batch(name, halves, whole):
    losses = torch.stack([half[name]["losses"] for half in halves]).mean(0)
    torch.testing.assert_close(losses, whole[name]["losses"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("rank", [0, 1])
def test_two_processes_have_gradients_of_whole_batch(name, rank, halves, whole):
    assert_equal(halves[rank][name]["gradients"], whole[name]["gradients"])


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("rank", [0, 1])
def test_two_processes_have_state_of_whole_batch(name, rank, halves, whole):
    """The state includes weights, teachers, center, queue and running statistics."""
    assert_equal(halves[rank][name]["state"], whole[name]["state"])
