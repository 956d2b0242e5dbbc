"""Randomness as a function of the step, so that a resumed run draws what it would have drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class StepSeeds(Callback):
    """Seeds torch's generators before each batch with run, step, batch and process.

    There is no generator's state to save: dropout, and whatever else a method draws on its device,
    depends on where the run is and on nothing that came before.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Lightning's hook."""
        place = (self._seed, trainer.global_step, batch_idx, trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))
