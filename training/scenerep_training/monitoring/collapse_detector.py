"""Callback that stops a run that has collapsed or diverged."""

from __future__ import annotations

import math
from typing import Any

from lightning.pytorch import Trainer

from scenerep_ros.errors import ScenerepError
from scenerep_training.engine.distributed import all_reduce_mean
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.collapse_criteria import REMEDIES, detect_collapse
from scenerep_training.monitoring.representation_metrics import representation_metrics
from scenerep_training.monitoring.step_callback import StepCallback

DIVERGENCE = (
    "the features are not finite. Lower learning_rate, or raise warmup; with precision fp16, set it to "
    "fp32"
)
"""Meaning of features that are not finite, and the options to change, as in `REMEDIES`."""


class CollapseError(ScenerepError):
    """Features that no longer depend on the images, or that are not finite."""


class CollapseDetector(StepCallback):
    """Callback that logs representation metrics, and stops the run if they show a collapse.

    Features that are not finite stop it at once. It must precede the callback that saves the state, so
    that a collapsed state is not saved.

    Args:
        every: steps between two measurements.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._history: dict[str, list[float]] = {}

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Measure, log and test for collapse.

        Raises:
            CollapseError: naming the kind of collapse, or the divergence, and the options to change.
        """
        output = method.last_output
        if step % self._every or output is None:
            return
        measured = representation_metrics(output)
        metrics = {name: all_reduce_mean(value) for name, value in measured.items()}
        method.log_dict(metrics)
        for name, value in metrics.items():
            self._history.setdefault(name, []).append(float(value))
        if not math.isfinite(self._history["feature_std"][-1]):
            raise CollapseError(f"step {step}: diverged: {DIVERGENCE}")
        outputs = None if output.teacher_probs is None else output.teacher_probs.shape[1]
        kind = detect_collapse(self._history, outputs)
        if kind is not None:
            raise CollapseError(f"step {step}: collapsed ({kind}): {REMEDIES[kind]}")

    def state_dict(self) -> dict[str, Any]:
        """Return the history, for a resumed run (Lightning hook)."""
        return {"history": self._history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the history (Lightning hook)."""
        self._history = state_dict["history"]
