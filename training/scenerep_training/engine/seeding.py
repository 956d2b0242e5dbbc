"""Seeding of random numbers by the step, so that a resumed run draws the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class StepSeeding(Callback):
    """Callback that seeds torch's generators before each batch by seed, step, batch and rank.

    No generator state needs to be saved: dropout, and all else that a method draws on its device,
    depends only on the position in the run.

    Args:
        seed: seed of the run.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed torch's generators (Lightning hook)."""
        position = (self._seed, trainer.global_step, batch_idx, trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence(position).generate_state(1)[0]))
