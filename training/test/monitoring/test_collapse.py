"""Collapses are told early, and health is not taken for one."""

from __future__ import annotations

import math

import pytest
from scenerep_training.monitoring.collapse import PATIENCE, diagnose

OUTPUTS = 256
HIGHEST = math.log(OUTPUTS)
LONG = 200


def history(entropy, kl):
    return {"teacher_entropy": entropy, "kl": kl, "feature_std": [0.07] * len(kl)}


def fading(count, rate=0.05):
    return [math.exp(-rate * step) for step in range(count)]


CONSTANT = history([HIGHEST * x for x in fading(LONG)], fading(LONG))
UNIFORM = history([HIGHEST - x for x in fading(LONG)], fading(LONG))
HEALTHY = history([3 + x for x in fading(LONG)], [0.05] * LONG)


@pytest.mark.parametrize(
    ("curves", "kind"), [(CONSTANT, "constant"), (UNIFORM, "uniform"), (HEALTHY, None)]
)
def test_which_kind_it_is(curves, kind):
    assert diagnose(curves, OUTPUTS) == kind


@pytest.mark.parametrize(("curves", "kind"), [(CONSTANT, "constant"), (UNIFORM, "uniform")])
def test_it_is_told_before_the_run_is_over_but_not_at_once(curves, kind):
    told = [
        end
        for end in range(1, LONG)
        if diagnose({name: values[:end] for name, values in curves.items()}, OUTPUTS) == kind
    ]
    inside = next(step for step in range(LONG) if _is_over(curves, step))
    assert told[0] == inside + PATIENCE
    assert told == list(range(told[0], LONG))


def _is_over(curves, step):
    entropy = curves["teacher_entropy"][step]
    return curves["kl"][step] < 0.1 and min(entropy, HIGHEST - entropy) < 0.1


def test_a_run_that_starts_uniform_and_leaves_is_not_stopped():
    entropy = [HIGHEST - 0.01 - 0.1 * max(0, step - PATIENCE / 2) for step in range(50)]
    curves = history(entropy, [0.01] * 50)
    assert all(
        diagnose({name: values[:end] for name, values in curves.items()}, OUTPUTS) is None
        for end in range(1, 50)
    )


def test_one_awake_step_resets_the_patience():
    kl = [0.0] * PATIENCE
    kl[PATIENCE // 2] = 1.0
    assert diagnose(history([0.0] * PATIENCE, kl), OUTPUTS) is None


def test_a_long_run_is_given_more_time_than_a_short_one():
    dozing = history([3.0] * 1000 + [0.0] * 100, [0.05] * 1100)
    assert diagnose(dozing, OUTPUTS) is None
    assert diagnose(history([3.0] * 1000 + [0.0] * 300, [0.05] * 1300), OUTPUTS) == "constant"


@pytest.mark.parametrize(("late", "kind"), [(0.007, "constant"), (0.02, None)])
def test_without_a_teachers_entropy_the_spread_of_features_tells(late, kind):
    assert diagnose({"feature_std": [0.07] + [late] * LONG}) == kind


def test_without_the_number_of_outputs_a_uniform_collapse_is_not_told():
    assert diagnose(UNIFORM) is None
    assert diagnose(CONSTANT) == "constant"
