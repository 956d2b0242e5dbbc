"""Graceful stop on SIGINT and SIGTERM: the run completes its step and saves its state."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from lightning.pytorch import Trainer

from scenerep_training.methods.base import Method
from scenerep_training.monitoring.step_callback import StepCallback

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(StepCallback):
    """Callback that stops a run after the current step on a signal, and at once on a second one.

    It must precede the callback that saves the state.

    Attributes:
        received: the signal, or None.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._previous_handlers: dict[signal.Signals, Any] = {}

    def on_run_start(self, trainer: Trainer, method: Method) -> None:
        """Install the signal handlers, after Lightning has installed its own."""
        self._previous_handlers = {
            number: signal.signal(number, self._receive) for number in SIGNALS
        }

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Stop all processes after the same step."""
        should_stop = self.received is not None
        if trainer.world_size > 1:
            should_stop = trainer.strategy.reduce_boolean_decision(should_stop, all=False)
        trainer.should_stop = trainer.should_stop or should_stop

    def on_run_end(self, trainer: Trainer, method: Method) -> None:
        """Restore the previous signal handlers."""
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
