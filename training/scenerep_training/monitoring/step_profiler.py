"""Callback that measures the time of each part of a training step."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import LambdaCallback

WARM_UP_BATCHES = 3
"""Batches that are excluded: workers start and memory is allocated."""
NETWORK_PARTS = ("forward", "backward")
"""Parts whose time the networks themselves take; the others are overhead."""


class StepProfiler(Callback):
    """Callback that measures data loading, forward pass, loss, backward pass and optimizer.

    The forward pass is the time inside the method's child modules, teachers included; the rest of
    `training_step` is the loss. The optimizer part includes the update of the teacher. The other
    callbacks are called between this one and `final_callback`, so their time (saving, previews)
    counts as none of the parts.

    Attributes:
        final_callback: callback that must be the last one of the trainer.
        seconds: total time of each part [s], in the order of their execution.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._batches = 0
        self._last_time = 0.0
        self._forward_seconds = 0.0
        self._forward_start = 0.0
        self._device = torch.device("cpu")
        self.final_callback = LambdaCallback(on_train_batch_end=lambda *_: self._lap())

    def shares(self) -> dict[str, float]:
        """Return the share of each part in the total time, in the order of their execution."""
        total = sum(self.seconds.values()) or 1.0
        return {name: seconds / total for name, seconds in self.seconds.items()}

    @property
    def batch_s(self) -> float:
        """Mean time of a batch [s]; 0 before the warm-up has ended."""
        return sum(self.seconds.values()) / self._measured_batches

    @property
    def _measured_batches(self) -> int:
        return max(1, self._batches - WARM_UP_BATCHES)

    def report(self) -> str:
        """Return a table of the mean time of each part per batch."""
        shares = self.shares()
        lines = [
            f"  {name:<10} {1000 * self.seconds[name] / self._measured_batches:9.1f} ms  {share:6.1%}"
            for name, share in shares.items()
        ]
        overhead = sum(share for name, share in shares.items() if name not in NETWORK_PARTS)
        return "\n".join(
            ["time per batch:", *lines, f"  outside forward and backward: {overhead:.1%}"]
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Register hooks on the child modules (Lightning hook)."""
        self._device = pl_module.device
        for child in pl_module.children():
            child.register_forward_pre_hook(self._start_forward)
            child.register_forward_hook(self._end_forward)
        self._last_time = self._now()

    def on_train_batch_start(self, *_: Any) -> None:
        """Record the time of data loading (Lightning hook)."""
        self._forward_seconds = 0.0
        self._add("data", self._lap())

    def on_before_backward(self, *_: Any) -> None:
        """Record the time of forward pass and loss (Lightning hook)."""
        seconds = self._lap()
        self._add("forward", self._forward_seconds)
        self._add("loss", seconds - self._forward_seconds)

    def on_after_backward(self, *_: Any) -> None:
        """Record the time of the backward pass (Lightning hook)."""
        self._add("backward", self._lap())

    def on_train_batch_end(self, *_: Any) -> None:
        """Record the time of the optimizer (Lightning hook)."""
        self._add("optimizer", self._lap())
        self._batches += 1

    def _lap(self) -> float:
        """Return the time since the last call [s]."""
        now = self._now()
        seconds, self._last_time = now - self._last_time, now
        return seconds

    def _add(self, part: str, seconds: float) -> None:
        if self._batches >= WARM_UP_BATCHES:
            self.seconds[part] += seconds

    def _start_forward(self, *_: Any) -> None:
        self._forward_start = self._now()

    def _end_forward(self, *_: Any) -> None:
        self._forward_seconds += self._now() - self._forward_start

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
