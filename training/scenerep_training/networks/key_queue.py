"""Queue of negative keys for momentum contrast."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from scenerep_training.engine.distributed import all_gather_ids, all_gather_rows

NO_GROUP = -1
"""Group that no pair has."""


class KeyQueue(nn.Module):
    """First-in first-out queue of keys, equal in all processes (He et al., CVPR 2020).

    It is initialized with random directions, as in the paper's code.

    Args:
        size: number of keys, K.
        channels: channels of a key, D.

    Attributes:
        keys: (K, D) float32, of length 1.
        groups: (K,) int64, group of each key; NO_GROUP for random directions.
    """

    keys: torch.Tensor
    groups: torch.Tensor
    _next_row: torch.Tensor

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("keys", F.normalize(torch.randn(size, channels), dim=1))
        self.register_buffer("groups", torch.full((size,), NO_GROUP))
        self.register_buffer("_next_row", torch.zeros((), dtype=torch.long))
        self._pending: list[tuple[torch.Tensor, torch.Tensor]] = []

    def is_negative(self, groups: torch.Tensor) -> torch.Tensor:
        """Return which keys are of other groups than the queries' (B,): (B, K) bool."""
        return groups[:, None] != self.groups

    def collect(self, keys: torch.Tensor, groups: torch.Tensor) -> None:
        """Add the keys (N, D) and groups (N,) of one of a step's batches.

        They are no negatives in this step.
        """
        self._pending.append((keys.detach(), groups))

    def push_collected(self) -> None:
        """Push the collected keys, once a step."""
        if self._pending:
            keys, groups = zip(*self._pending, strict=True)
            self.push(torch.cat(keys), torch.cat(groups))
            self._pending.clear()

    @torch.no_grad()
    def push(self, keys: torch.Tensor, groups: torch.Tensor) -> None:
        """Replace the oldest keys by the keys (N, D), with their groups (N,), of each process."""
        size = len(self.keys)
        newest = all_gather_rows(keys.float())[-size:]
        rows = (self._next_row + torch.arange(len(newest), device=keys.device)) % size
        self.keys[rows] = newest
        self.groups[rows] = all_gather_ids(groups)[-size:]
        self._next_row.copy_((self._next_row + len(newest)) % size)
