"""Where the time of a training step goes."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import LambdaCallback

WARM_UP = 3
"""Steps that are left out: workers start, memory is laid out."""
NETWORKS = ("forward", "backward")
"""Parts that are the networks' own; everything else is the price of training them this way."""


class StepClock(Callback):
    """Measures the parts of a step: waiting for data, forward, backward, optimiser, and the rest.

    Forward is the time inside the networks that are the method's children, teachers included; the
    rest of `training_step` is the loss. The optimiser's part holds the teacher's moving average.
    Other callbacks stand between this one and its `after`, so that what they do in between (saving,
    drawing) counts as none of these.

    Attributes:
        after: the callback that comes last.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._batches = 0
        self._last = 0.0
        self._forward = 0.0
        self._entered = 0.0
        self._device = torch.device("cpu")
        self.after = LambdaCallback(on_train_batch_end=lambda *_: self._lap())

    def shares(self) -> dict[str, float]:
        """Share of the whole time a part, in the order in which they run."""
        total = sum(self.seconds.values()) or 1.0
        return {name: seconds / total for name, seconds in self.seconds.items()}

    def text(self) -> str:
        """Say it in a few lines."""
        batches = max(1, self._batches - WARM_UP)
        lines = [
            f"  {name:<10} {1000 * self.seconds[name] / batches:9.1f} ms  {share:6.1%}"
            for name, share in self.shares().items()
        ]
        outside = sum(share for name, share in self.shares().items() if name not in NETWORKS)
        return "\n".join(
            ["where a batch's time goes:", *lines, f"  outside forward and backward: {outside:.1%}"]
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lightning's hook."""
        self._device = pl_module.device
        for child in pl_module.children():
            child.register_forward_pre_hook(self._enter)
            child.register_forward_hook(self._leave)
        self._last = self._now()

    def on_train_batch_start(self, *_: Any) -> None:
        """Lightning's hook."""
        self._forward = 0.0
        self._add("data", self._lap())

    def on_before_backward(self, *_: Any) -> None:
        """Lightning's hook."""
        whole = self._lap()
        self._add("forward", self._forward)
        self._add("loss", whole - self._forward)

    def on_after_backward(self, *_: Any) -> None:
        """Lightning's hook."""
        self._add("backward", self._lap())

    def on_train_batch_end(self, *_: Any) -> None:
        """Lightning's hook."""
        self._add("optimiser", self._lap())
        self._batches += 1

    def _lap(self) -> float:
        now = self._now()
        seconds, self._last = now - self._last, now
        return seconds

    def _add(self, part: str, seconds: float) -> None:
        if self._batches >= WARM_UP:
            self.seconds[part] += seconds

    def _enter(self, *_: Any) -> None:
        self._entered = self._now()

    def _leave(self, *_: Any) -> None:
        self._forward += self._now() - self._entered

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
