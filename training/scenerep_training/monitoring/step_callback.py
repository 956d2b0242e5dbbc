"""Base of the callbacks that act once per optimizer step."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from scenerep_training.methods.base import Method


class StepCallback(Callback):
    """Lightning callback with hooks per optimizer step instead of hooks per batch."""

    _step = 0

    def on_run_start(self, trainer: Trainer, method: Method) -> None:
        """Run before the first step."""

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Run after an optimizer step; `step` counts from 1."""

    def on_run_end(self, trainer: Trainer, method: Method) -> None:
        """Run at the end of a run, also after an error."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Call `on_run_start` (Lightning hook)."""
        self._step = trainer.global_step
        self.on_run_start(trainer, cast(Method, pl_module))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Call `on_step_end` after the last of the batches that make up a step (Lightning hook)."""
        if trainer.global_step > self._step:
            self._step = trainer.global_step
            self.on_step_end(trainer, cast(Method, pl_module), self._step)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Call `on_run_end` (Lightning hook)."""
        self.on_run_end(trainer, cast(Method, pl_module))
