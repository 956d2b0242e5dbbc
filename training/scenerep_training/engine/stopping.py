"""Interrupts and termination: the step is finished, the state is saved, the run ends cleanly."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from lightning.pytorch import Trainer

from scenerep_training.methods.base import Method
from scenerep_training.monitoring.watcher import Watcher

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals(Watcher):
    """Stops a run after the step in which SIGINT or SIGTERM comes; a second one stops it at once.

    Has to come before the watcher that saves the state.

    Attributes:
        received: the signal, or None.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def started(self, trainer: Trainer, method: Method) -> None:
        """Take the signals over from Lightning, whose own handlers are there by now."""
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}

    def step_done(self, trainer: Trainer, method: Method, step: int) -> None:
        """Let all processes stop after the same step."""
        asked = self.received is not None
        if trainer.world_size > 1:
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        trainer.should_stop = trainer.should_stop or asked

    def ended(self, trainer: Trainer, method: Method) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
