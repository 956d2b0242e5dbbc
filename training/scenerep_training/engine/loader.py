"""Data loader of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import DataLoader

from scenerep_training.data.pairs import PairDataset, set_up_worker
from scenerep_training.data.recordings import Recordings
from scenerep_training.engine.batches import StepBatchSampler
from scenerep_training.methods.base import Method

PREFETCHED_BATCHES = 4
"""Batches that each worker prepares ahead."""


def build_loader(
    method: Method, recordings: Recordings, get_position: Callable[[], tuple[int, int]]
) -> DataLoader[Any]:
    """Build the data loader of one process of a run.

    Args:
        method: method whose view transform and options are used.
        recordings: recordings that pairs are drawn from.
        get_position: see `StepBatchSampler`.
    """
    options = method.options
    pairs = PairDataset(
        recordings,
        method.build_transform(),
        options,
        options.seed,
        options.max_steps * options.batch_size,
    )
    return DataLoader(
        pairs,
        batch_sampler=StepBatchSampler(options, get_position),
        num_workers=options.workers,
        worker_init_fn=set_up_worker,
        prefetch_factor=PREFETCHED_BATCHES if options.workers else None,
        pin_memory=torch.cuda.is_available(),
    )
