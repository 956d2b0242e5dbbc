"""Tests of the detection of collapse from curves."""

from __future__ import annotations

import math

import pytest
from scenerep_training.monitoring.collapse_criteria import (
    MIN_AGREEING_MEASUREMENTS,
    classify_collapse,
    detect_collapse,
)

OUTPUTS = 256
MAX_ENTROPY = math.log(OUTPUTS)
STEPS = 200


def make_history(entropy, kl):
    return {"teacher_entropy": entropy, "kl": kl, "feature_std": [0.07] * len(kl)}


def truncate(history, length):
    return {name: values[:length] for name, values in history.items()}


DECAY = [math.exp(-0.05 * step) for step in range(STEPS)]
CONSTANT = make_history([MAX_ENTROPY * value for value in DECAY], DECAY)
UNIFORM = make_history([MAX_ENTROPY - value for value in DECAY], DECAY)
HEALTHY = make_history([3 + value for value in DECAY], [0.05] * STEPS)


@pytest.mark.parametrize(
    ("history", "kind"), [(CONSTANT, "constant"), (UNIFORM, "uniform"), (HEALTHY, None)]
)
def test_detect_collapse_returns_its_kind(history, kind):
    assert detect_collapse(history, OUTPUTS) == kind


@pytest.mark.parametrize(("history", "kind"), [(CONSTANT, "constant"), (UNIFORM, "uniform")])
def test_detect_collapse_waits_for_agreeing_measurements(history, kind):
    lengths = [
        length
        for length in range(1, STEPS)
        if detect_collapse(truncate(history, length), OUTPUTS) == kind
    ]
    first_collapsed = next(step for step in range(STEPS) if _is_collapsed(history, step))
    assert lengths == list(range(first_collapsed + MIN_AGREEING_MEASUREMENTS, STEPS))


def _is_collapsed(history, step):
    entropy = history["teacher_entropy"][step]
    return history["kl"][step] < 0.1 and min(entropy, MAX_ENTROPY - entropy) < 0.1


def test_detect_collapse_ignores_run_that_leaves_uniform_start():
    half = MIN_AGREEING_MEASUREMENTS / 2
    entropy = [MAX_ENTROPY - 0.01 - 0.1 * max(0, step - half) for step in range(50)]
    history = make_history(entropy, [0.01] * 50)
    kinds = {detect_collapse(truncate(history, length), OUTPUTS) for length in range(1, 50)}
    assert kinds == {None}


def test_detect_collapse_ignores_interrupted_agreement():
    kl = [0.0] * MIN_AGREEING_MEASUREMENTS
    kl[MIN_AGREEING_MEASUREMENTS // 2] = 1.0
    assert detect_collapse(make_history([0.0] * MIN_AGREEING_MEASUREMENTS, kl), OUTPUTS) is None


@pytest.mark.parametrize(("collapsed", "kind"), [(100, None), (300, "constant")])
def test_detect_collapse_of_long_run_needs_more_measurements(collapsed, kind):
    entropy = [3.0] * 1000 + [0.0] * collapsed
    assert detect_collapse(make_history(entropy, [0.05] * len(entropy)), OUTPUTS) == kind


@pytest.mark.parametrize(("late", "kind"), [(0.007, "constant"), (0.02, None)])
def test_detect_collapse_without_teacher_uses_feature_spread(late, kind):
    assert detect_collapse({"feature_std": [0.07] + [late] * STEPS}) == kind


def test_detect_collapse_without_outputs_misses_uniform_collapse():
    assert detect_collapse(UNIFORM) is None
    assert detect_collapse(CONSTANT) == "constant"


@pytest.mark.parametrize(
    ("entropy", "kl", "kind"),
    [(0.05, 0.05, "constant"), (MAX_ENTROPY - 0.05, 0.05, "uniform"), (0.05, 0.2, None)],
)
def test_classify_collapse_by_entropy_and_divergence(entropy, kl, kind):
    assert classify_collapse(entropy, kl, OUTPUTS) == kind
