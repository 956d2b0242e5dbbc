"""The state of a run on disk: saved often, whole or not at all, and read without running code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.io import CheckpointIO

from scenerep_ros.errors import WeightsError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.export import export
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.watcher import Watcher

STATE_NAME = "state.ckpt"


class AsideCheckpoints(CheckpointIO):
    """Writes states aside and renames them; reads tensors and plain values, never code."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any = None,
    ) -> None:
        """Save a state.

        Raises:
            ScenerepError: if the disk is full or the folder cannot be written; the older state stays.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        write_atomically(Path(path), buffer.getvalue())

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read a state onto the CPU.

        Raises:
            WeightsError: if the file is damaged or holds code.
        """
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle can raise nearly anything
            raise WeightsError(
                f"{path}: is no whole state of a run, or holds code, which is never run "
                f"({type(error).__name__}); remove it to start again from the beginning"
            ) from None

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a state."""
        Path(path).unlink(missing_ok=True)


class StateKeeper(Watcher):
    """Saves the run's state, and the network for the robot, every so many steps and when it stops.

    Args:
        folder: of the run.
        every: steps between two saves.
        card: what model.yaml says of the training: method, options, data.
    """

    def __init__(self, folder: Path, every: int, card: dict[str, Any]) -> None:
        self._folder = folder
        self._every = every
        self._card = card
        self._saved_step = 0

    def started(self, trainer: Trainer, method: Method) -> None:
        """Count from here."""
        self._saved_step = trainer.global_step

    def step_done(self, trainer: Trainer, method: Method, step: int) -> None:
        """Save if it is time, or if there will be no other."""
        last = trainer.should_stop or step >= method.options.max_steps
        if not last and step - self._saved_step < self._every:
            return
        self._saved_step = step
        trainer.save_checkpoint(self._folder / STATE_NAME)  # every process takes part in it
        if trainer.is_global_zero:
            figures = {name: round(float(v), 6) for name, v in trainer.callback_metrics.items()}
            export(method, self._folder, self._card | {"steps": step, "figures": figures})
