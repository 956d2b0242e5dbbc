"""Training state on disk: written atomically, and read without executing code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.io import CheckpointIO

from scenerep_ros.errors import WeightsError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.export import export_checkpoint
from scenerep_training.engine.quality_gate import QualityGate
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.step_callback import StepCallback

STATE_NAME = "state.ckpt"
REFUSED_FOLDER = "refused"
"""Folder below a run's folder of the last network that the gate refused."""


class AtomicCheckpointIO(CheckpointIO):
    """Lightning plug-in that writes states atomically and reads only tensors and plain values."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any = None,
    ) -> None:
        """Save a state.

        Raises:
            ScenerepError: if the disk is full or the folder cannot be written; the previous state
                remains.
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
            WeightsError: if the file is damaged or contains code.
        """
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle can raise nearly any exception
            raise WeightsError(
                f"{path}: is no complete state of a run, or contains code, which is never executed "
                f"({type(error).__name__}); remove it to start again from the beginning"
            ) from None

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a state."""
        Path(path).unlink(missing_ok=True)


def read_completed_steps(state: Path) -> int:
    """Return the number of steps that a run has completed by its state file; 0 without the file.

    Raises:
        WeightsError: if the file is damaged or contains code.
    """
    if not state.exists():
        return 0
    return int(AtomicCheckpointIO().load_checkpoint(state)["global_step"])


class StateCheckpoint(StepCallback):
    """Callback that saves the training state and exports the network, at intervals and at the end.

    Args:
        folder: folder of the run.
        every: steps between two saves.
        training: method, options and data, for model.yaml.
        gate: callback that decides which steps are exported.
    """

    def __init__(
        self, folder: Path, every: int, training: dict[str, Any], gate: QualityGate
    ) -> None:
        self._folder = folder
        self._gate = gate
        self._every = every
        self._training = training
        self._saved_step = 0

    def on_run_start(self, trainer: Trainer, method: Method) -> None:
        """Start the first interval."""
        self._saved_step = trainer.global_step

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Save if the interval is over, or if this is the last step."""
        is_last = trainer.should_stop or step >= method.options.max_steps
        if not is_last and step - self._saved_step < self._every:
            return
        self._saved_step = step
        # The state holds the score of the best step, so a resumed run would not export it again.
        if trainer.is_global_zero and self._gate.is_best:
            self._export(trainer, method, self._folder, step)
        elif trainer.is_global_zero and is_last and self._gate.is_refused:
            self._export(trainer, method, self._folder / REFUSED_FOLDER, step)
        trainer.save_checkpoint(self._folder / STATE_NAME)  # a collective operation

    def _export(self, trainer: Trainer, method: Method, folder: Path, step: int) -> None:
        metrics = {name: round(float(value), 6) for name, value in trainer.callback_metrics.items()}
        export_checkpoint(method, folder, self._training | {"steps": step, "metrics": metrics})
