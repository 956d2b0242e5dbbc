"""What one process of a distributed run learns from the others; alone it learns nothing new.

Every process must have tensors of the same shape.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist


def count_processes() -> int:
    """Number of processes of the run; 1 where nothing is distributed."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def process_rank() -> int:
    """Number of this process among them, from 0."""
    return dist.get_rank() if count_processes() > 1 else 0


def sum_processes(values: torch.Tensor) -> torch.Tensor:
    """Sum over the processes, with gradient, of any shape."""
    return values if count_processes() == 1 else _Sum.apply(values)


def mean_processes(values: torch.Tensor) -> torch.Tensor:
    """Mean over the processes, with gradient, of any shape."""
    return sum_processes(values) / count_processes()


def gather_processes(rows: torch.Tensor) -> torch.Tensor:
    """Rows of all processes, (N, D) to (P N, D), by rising rank, with gradient."""
    if count_processes() == 1:
        return rows
    places = torch.zeros(count_processes(), 1, 1, device=rows.device, dtype=rows.dtype)
    places[process_rank()] = 1
    return sum_processes(places * rows).flatten(0, 1)


class _Sum(torch.autograd.Function):
    # torch.distributed.nn.functional has the same, but new versions of torch warn that it will go.

    @staticmethod
    def forward(_context: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: torch.Tensor) -> torch.Tensor:
        return sum_processes(gradient)
