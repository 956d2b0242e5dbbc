"""Base of all who watch a run: told of steps, not of batches."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from scenerep_training.methods.base import Method


class Watcher(Callback):
    """A Lightning callback of which subclasses override what they want to know."""

    _step = 0

    def started(self, trainer: Trainer, method: Method) -> None:
        """The first step is about to come."""

    def step_done(self, trainer: Trainer, method: Method, step: int) -> None:
        """The optimiser has made its `step`-th step, counted from 1."""

    def ended(self, trainer: Trainer, method: Method) -> None:
        """The run is over, well or not."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lightning's hook."""
        self._step = trainer.global_step
        self.started(trainer, cast(Method, pl_module))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Lightning's hook: several batches may make one step."""
        if trainer.global_step > self._step:
            self._step = trainer.global_step
            self.step_done(trainer, cast(Method, pl_module), self._step)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Lightning's hook."""
        self.ended(trainer, cast(Method, pl_module))
