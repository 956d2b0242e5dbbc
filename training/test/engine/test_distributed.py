"""Tests of the collective operations in a single process; methods/test_distributed has two."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.engine.distributed import (
    all_gather_rows,
    all_reduce_mean,
    all_reduce_sum,
    get_rank,
    get_world_size,
)


def test_single_process_has_world_size_one():
    assert (get_world_size(), get_rank()) == (1, 0)


@pytest.mark.parametrize("operation", [all_gather_rows, all_reduce_mean, all_reduce_sum])
def test_collective_in_single_process_is_identity_with_gradient(operation):
    values = torch.randn(3, 2, requires_grad=True)
    result = operation(values)
    torch.testing.assert_close(result, values)
    result.sum().backward()
    torch.testing.assert_close(values.grad, torch.ones(3, 2))
