"""Schedules of values that change over a run."""

from __future__ import annotations

import math
from dataclasses import dataclass


def cosine_schedule(start: float, end: float, progress: float) -> float:
    """Interpolate between two values by half a cosine.

    The momentum of a teacher follows it (Grill et al. 2020, section 3.2; Caron et al. 2021,
    section 3.1).

    Args:
        start: value at progress 0.
        end: value at progress 1.
        progress: completed ratio of the run, 0 to 1.

    >>> [round(cosine_schedule(0.996, 1.0, progress), 4) for progress in (0, 0.5, 1)]
    [0.996, 0.998, 1.0]
    """
    return end + 0.5 * (start - end) * (1 + math.cos(math.pi * progress))


def linear_warmup_schedule(start: float, end: float, warmup_ratio: float, progress: float) -> float:
    """Interpolate linearly during the warm-up, then return the end value.

    Args:
        start: value at progress 0.
        end: value from progress `warmup_ratio` on.
        warmup_ratio: ratio of the run in which the value changes; 0 disables the warm-up.
        progress: completed ratio of the run, 0 to 1.

    >>> [round(linear_warmup_schedule(0.04, 0.07, 0.1, p), 4) for p in (0, 0.05, 0.1, 1)]
    [0.04, 0.055, 0.07, 0.07]
    """
    if progress >= warmup_ratio:
        return end
    return start + (end - start) * progress / warmup_ratio


@dataclass(frozen=True)
class WarmupCosine:
    """Factor of the learning rate: linear warm-up, then cosine decay (Loshchilov, Hutter 2017).

    Attributes:
        warmup_ratio: ratio of the steps in which the factor rises to 1.
        max_steps: number of steps, after which the factor is 0.
        decays: False keeps the factor at 1 after the warm-up, for a run whose length is open; a
            short run with decay continues from it (Hägele et al., NeurIPS 2024).

    >>> factor = WarmupCosine(warmup_ratio=0.1, max_steps=100)
    >>> [round(factor(step), 3) for step in (0, 4, 9, 55, 100)]
    [0.1, 0.5, 1.0, 0.5, 0.0]
    """

    warmup_ratio: float
    max_steps: int
    decays: bool = True

    def __call__(self, step: int) -> float:
        """Return the factor at one step, counted from 0."""
        warmup_steps = round(self.warmup_ratio * self.max_steps)
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        if not self.decays:
            return 1.0
        progress = (step - warmup_steps) / max(1, self.max_steps - warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
