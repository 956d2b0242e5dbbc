"""Classification of the two kinds of collapse in self-distillation.

The loss of DINO is the sum of the teacher's entropy and the KL divergence of the student from the
teacher. If the KL divergence becomes 0, the output no longer depends on the image; the entropy then
distinguishes the two kinds of collapse (Caron et al., ICCV 2021, section 5.3 and figure 7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

CollapseKind = Literal["constant", "uniform"]

LIMIT_TOLERANCE_NATS = 0.1
"""Distance from its limit at which an entropy or a KL divergence counts as having reached it."""
MIN_SPREAD_RATIO = 0.15
"""Ratio of the features' spread to its initial value below which the features have collapsed. A
collapsed BYOL (without predictor and momentum) stays at 0.09, because batch normalization amplifies
the remaining differences."""
MIN_AGREEING_MEASUREMENTS = 20
"""Number of the last measurements that must agree: a run may start near a limit and leave it."""
MIN_AGREEING_RATIO = 0.2
"""Ratio of all measurements that must agree: a long run may come near a limit for a while."""

REMEDIES: dict[CollapseKind, str] = {
    "constant": "every image gets the same output. Lower learning_rate; raise batch_size or "
    "momentum; with dino, leave centering on",
    "uniform": "all outputs are equal for every image. Lower learning_rate, teacher_temperature "
    "or outputs; raise batch_size; with dino, leave sharpening on",
}
"""Meaning of each kind and the options to change, as the end of an error message."""


def detect_collapse(
    history: Mapping[str, Sequence[float]], outputs: int | None = None
) -> CollapseKind | None:
    """Detect a collapse during a run.

    Args:
        history: measurements of the run so far at equal intervals, by the names of
            `representation_metrics`; means over the processes.
        outputs: number of outputs of the teacher's head, K; without it, a uniform collapse cannot be
            detected.

    Returns:
        Kind of collapse on which the latest measurements agree, or None.
    """
    kinds: list[CollapseKind | None]
    if "teacher_entropy" in history:
        entropies, divergences = _latest(history["teacher_entropy"]), _latest(history["kl"])
        kinds = [
            classify_collapse(entropy, kl, outputs)
            for entropy, kl in zip(entropies, divergences, strict=True)
        ]
    else:
        spreads = history["feature_std"]
        kinds = [
            "constant" if is_spread_lost(spread, spreads[0]) else None
            for spread in _latest(spreads)
        ]
    has_agreement = len(kinds) >= MIN_AGREEING_MEASUREMENTS and len(set(kinds)) == 1
    return kinds[0] if has_agreement else None


def classify_collapse(entropy: float, kl: float, outputs: int | None = None) -> CollapseKind | None:
    """Classify one measurement.

    Args:
        entropy: entropy of the teacher's output [nats].
        kl: KL divergence of the student from the teacher [nats].
        outputs: number of outputs, K; without it, a uniform collapse cannot be detected.

    >>> classify_collapse(entropy=0.02, kl=0.01)
    'constant'
    """
    if kl < LIMIT_TOLERANCE_NATS and entropy < LIMIT_TOLERANCE_NATS:
        return "constant"
    if outputs and kl < LIMIT_TOLERANCE_NATS and math.log(outputs) - entropy < LIMIT_TOLERANCE_NATS:
        return "uniform"
    return None


def is_spread_lost(spread: float, initial: float) -> bool:
    """Return whether the features' spread has collapsed from its initial value."""
    return spread < MIN_SPREAD_RATIO * initial


def _latest(values: Sequence[float]) -> Sequence[float]:
    """Return the measurements that must agree."""
    return values[-max(MIN_AGREEING_MEASUREMENTS, round(MIN_AGREEING_RATIO * len(values))) :]
