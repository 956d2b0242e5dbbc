"""Watches whether features still depend on the images, and stops a run that went to sleep."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Trainer

from scenerep_ros.errors import ScenerepError
from scenerep_training.engine.processes import mean_processes
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.collapse import ADVICE, diagnose
from scenerep_training.monitoring.health import measure
from scenerep_training.monitoring.watcher import Watcher


class CollapseError(ScenerepError):
    """A run's features no longer depend on the images."""


class CollapseGuard(Watcher):
    """Logs the figures of `health`, and stops the run when they tell a collapse.

    Has to come before the watcher that saves the state, so that a collapsed one is not saved.

    Args:
        every: steps between two measurements.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._history: dict[str, list[float]] = {}

    def step_done(self, trainer: Trainer, method: Method, step: int) -> None:
        """Measure, log and judge.

        Raises:
            CollapseError: saying which collapse it is, and what to change.
        """
        if step % self._every or method.last is None:
            return
        figures = {name: mean_processes(value) for name, value in measure(method.last).items()}
        method.log_dict(figures)
        for name, value in figures.items():
            self._history.setdefault(name, []).append(float(value))
        kind = diagnose(self._history, getattr(method.options, "outputs", None))
        if kind is not None:
            raise CollapseError(f"step {step}: collapsed ({kind}): {ADVICE[kind]}")

    def state_dict(self) -> dict[str, Any]:
        """Lightning's hook: a resumed run knows where it came from."""
        return {"history": self._history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Lightning's hook."""
        self._history = state_dict["history"]
