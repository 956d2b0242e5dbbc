"""The last keys that were seen, as negatives."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from scenerep_training.engine.processes import gather_processes


class Queue(nn.Module):
    """First in, first out, the same in all processes (He et al., CVPR 2020).

    It begins with random directions, as in the paper's code.

    Args:
        size: number of keys, K.
        channels: of a key, D.

    Attributes:
        keys: (K, D) float32, of length 1.
    """

    keys: torch.Tensor
    _next: torch.Tensor

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("keys", F.normalize(torch.randn(size, channels), dim=1))
        self.register_buffer("_next", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def push(self, keys: torch.Tensor) -> None:
        """Let the keys of all processes, (N, D) each, take the oldest ones' places."""
        size = len(self.keys)
        gathered = gather_processes(keys.float())[-size:]
        places = (self._next + torch.arange(len(gathered), device=keys.device)) % size
        self.keys[places] = gathered
        self._next.copy_((self._next + len(gathered)) % size)
