"""The two ways in which self-distillation collapses: how they show, and what helps.

The loss of DINO is the sum of the teacher's entropy and of the divergence (KL) of the student from
it. A KL that goes to 0 means that the output no longer depends on the image; the entropy tells how
(Caron et al., ICCV 2021, section 5.3 and figure 7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

Kind = Literal["constant", "uniform"]

TOLERANCE = 0.1
"""Nats within which an entropy or a divergence counts as being at its end."""
DEAD_SHARE = 0.15
"""Share of its first value below which the features' spread counts as gone: a BYOL that collapses
(without predictor and momentum) stays at 9 %, for batch normalisation spreads what little is left."""
PATIENCE, PATIENT_SHARE = 20, 0.2
"""Figures in a row that must agree: so many, and this share of all: what starts near an end leaves
it soon, and what has learnt for long is not stopped for a moment's weakness."""

ADVICE: dict[Kind, str] = {
    "constant": "every image gets the same output. Lower learning_rate; raise batch_size or "
    "momentum; with dino, leave centring on",
    "uniform": "all outputs are equal whatever the image. Lower learning_rate, teacher_temperature "
    "or outputs; raise batch_size; with dino, leave sharpening on",
}
"""What each kind means and what to change, to follow "collapsed (KIND): "."""


def diagnose(history: Mapping[str, Sequence[float]], outputs: int | None = None) -> Kind | None:
    """Tell a collapse while a run goes on.

    Args:
        history: figures of the run so far at even distances, by the names that `health.measure`
            gives; where several processes train, their means.
        outputs: of the teacher's head, K; without it a uniform collapse cannot be told.

    Returns:
        The kind that all of the last figures agree on, or None.
    """
    if "teacher_entropy" in history:
        entropies, kls = _recent(history["teacher_entropy"]), _recent(history["kl"])
        found = [kind_of(*figures, outputs) for figures in zip(entropies, kls, strict=True)]
    else:
        spreads = history["feature_std"]
        dead = [has_died(spread, spreads[0]) for spread in _recent(spreads)]
        found = ["constant" if gone else None for gone in dead]
    return found[0] if len(found) >= PATIENCE and len(set(found)) == 1 else None


def kind_of(entropy: float, kl: float, outputs: int | None = None) -> Kind | None:
    """Tell the collapse of a teacher of one entropy and a student of one divergence, nats."""
    if kl < TOLERANCE and entropy < TOLERANCE:
        return "constant"
    if outputs and kl < TOLERANCE and math.log(outputs) - entropy < TOLERANCE:
        return "uniform"
    return None


def has_died(spread: float, first: float) -> bool:
    """Tell whether the features' spread has gone, from what it was at first."""
    return spread < DEAD_SHARE * first


def _recent(values: Sequence[float]) -> Sequence[float]:
    return values[-max(PATIENCE, round(PATIENT_SHARE * len(values))) :]
