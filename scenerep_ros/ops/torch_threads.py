"""Number of threads of torch's operations beside the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_torch_thread() -> Iterator[None]:
    """Limit torch to one CPU thread.

    Operations on a few hundred patches gain little from a second thread, and lose much if other
    processes use the cores, since each of hundreds of operations waits for both threads, and a
    waiting thread keeps its core busy. On two cores shared with eight other processes, a sweep of
    k = 2..10 on 1564 points took 425 ms with two threads and 65 ms with one (medians).
    """
    thread_count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(thread_count)
