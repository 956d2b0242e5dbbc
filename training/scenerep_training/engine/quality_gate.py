"""Callback that scores the network on held-back frames and decides which step is exported."""

from __future__ import annotations

import copy
from typing import Any

from lightning.pytorch import Trainer

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.networks.timm_networks import wrap_network
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_training.agreement.gate import Gate, Verdict
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.step_callback import StepCallback
from scenerep_training.networks.encoder import Encoder


class QualityGate(StepCallback):
    """Callback that compares the exported network with the initial one, without labels.

    It must precede the callback that saves the state. Without a gate every step is exported.

    Args:
        gate: scores of networks; None disables the callback.
        every: steps between two measurements.

    Attributes:
        verdict: of the last measured step; None before the first one.
        best: of the exported step; None if none was accepted.
        is_best: True if the last measured step is to be exported.
    """

    def __init__(self, gate: Gate | None, every: int) -> None:
        self._gate = gate
        self._every = every
        self._measured_step = 0
        self.verdict: Verdict | None = None
        self.best: Verdict | None = None
        self.is_best = gate is None

    @property
    def is_refused(self) -> bool:
        """True if the gate has measured steps and accepted none."""
        return self.verdict is not None and self.best is None

    def on_run_start(self, trainer: Trainer, method: Method) -> None:
        """Score the initial network."""
        self._measured_step = trainer.global_step
        if self._gate is not None and self._gate.start is None and trainer.is_global_zero:
            self._gate.start = self._gate.score(wrap_encoder(method.exported_encoder, method))

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Score the network if the interval is over, and after the last step."""
        if self._gate is None or not trainer.is_global_zero:
            return
        self.is_best = False
        is_last = step >= method.options.max_steps
        # A run that a signal stops must save its state soon, so it is not measured.
        if (trainer.should_stop and not is_last) or (
            not is_last and step - self._measured_step < self._every
        ):
            return
        self._measured_step = step
        self.verdict = self._gate.judge(wrap_encoder(method.exported_encoder, method))
        method.log_dict({"gate_score": self.verdict.score, "gate_gain": self.verdict.gain})
        is_better = self.best is None or self.verdict.gain > self.best.gain
        if self.verdict.is_accepted and is_better:
            self.best, self.is_best = self.verdict, True

    def state_dict(self) -> dict[str, Any]:
        """Return the scores of the start and of the best step, for a resumed run."""
        start = None if self._gate is None else self._gate.start
        return {"start": start, "best": _to_state(self.best), "last": _to_state(self.verdict)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the scores."""
        if self._gate is not None:
            self._gate.start = state_dict["start"]
        self.best = _from_state(state_dict["best"])
        self.verdict = _from_state(state_dict["last"])


def wrap_encoder(encoder: Encoder, method: Method) -> Backbone:
    """Return a copy of an encoder's network as the runtime's backbone."""
    values = {"backbone": encoder.name, "stage": encoder.stage, "device": method.device.type}
    config = validated(PipelineConfig, values)
    return wrap_network(config, copy.deepcopy(encoder.network), encoder.normalization)


def _to_state(verdict: Verdict | None) -> list[float] | None:
    if verdict is None:
        return None
    return [verdict.score, verdict.gain, *verdict.interval, verdict.forgetting]


def _from_state(values: list[float] | None) -> Verdict | None:
    if values is None:
        return None
    score, gain, low, high, forgetting = values
    return Verdict(score, gain, (low, high), forgetting)
