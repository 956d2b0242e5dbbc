"""Collective operations over the processes of a distributed run; the identity in a single process.

Every process must have tensors of the same shape.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist


def get_world_size() -> int:
    """Return the number of processes of the run; 1 if it is not distributed."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def get_rank() -> int:
    """Return the index of this process, from 0."""
    return dist.get_rank() if get_world_size() > 1 else 0


def all_reduce_sum(values: torch.Tensor) -> torch.Tensor:
    """Return the sum of a tensor of any shape over the processes, with gradient."""
    return values if get_world_size() == 1 else _AllReduceSum.apply(values)


def all_reduce_mean(values: torch.Tensor) -> torch.Tensor:
    """Return the mean of a tensor of any shape over the processes, with gradient."""
    return all_reduce_sum(values) / get_world_size()


def all_gather_rows(rows: torch.Tensor) -> torch.Tensor:
    """Return the rows of all P processes, (N, D) to (P N, D), by rank, with gradient."""
    if get_world_size() == 1:
        return rows
    is_own = torch.zeros(get_world_size(), 1, 1, device=rows.device, dtype=rows.dtype)
    is_own[get_rank()] = 1
    return all_reduce_sum(is_own * rows).flatten(0, 1)


def all_gather_ids(ids: torch.Tensor) -> torch.Tensor:
    """Return the integers (N,) of all P processes, (P N,) int64, by rank."""
    return all_gather_rows(ids.double()[:, None])[:, 0].long()


class _AllReduceSum(torch.autograd.Function):
    # torch.distributed.nn.functional has the same function, but new versions of torch deprecate it.

    @staticmethod
    def forward(_context: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: torch.Tensor) -> torch.Tensor:
        return all_reduce_sum(gradient)
