"""The data of a run, read and augmented by processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import DataLoader

from scenerep_training.data.pairs import PairDataset, one_thread
from scenerep_training.data.recordings import Recordings
from scenerep_training.engine.batches import StepBatches
from scenerep_training.methods.base import Method

AHEAD = 4
"""Batches that each worker has ready."""


def make_loader(
    method: Method, recordings: Recordings, place: Callable[[], tuple[int, int]]
) -> DataLoader[Any]:
    """Build the loader of one process of a run.

    Args:
        method: whose views and options it follows.
        recordings: to draw pairs from.
        place: see `StepBatches`.
    """
    options = method.options
    pairs = PairDataset(
        recordings,
        method.make_views(),
        options,
        options.seed,
        options.max_steps * options.batch_size,
    )
    return DataLoader(
        pairs,
        batch_sampler=StepBatches(options, place),
        num_workers=options.workers,
        worker_init_fn=one_thread,
        prefetch_factor=AHEAD if options.workers else None,
        pin_memory=torch.cuda.is_available(),
    )
