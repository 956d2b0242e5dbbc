"""Tests of the schedules against their formulas."""

from __future__ import annotations

import math

import pytest
from lightly.utils.scheduler import cosine_schedule as lightly_cosine_schedule
from scenerep_training.engine.schedules import (
    WarmupCosine,
    cosine_schedule,
    linear_warmup_schedule,
)

STEPS = 50


@pytest.mark.parametrize("step", range(0, STEPS, 7))
def test_cosine_schedule_equals_byol_formula_and_lightly(step):
    value = cosine_schedule(0.996, 1.0, step / STEPS)
    rise = (math.cos(math.pi * step / STEPS) + 1) / 2
    assert value == pytest.approx(1 - (1 - 0.996) * rise, abs=1e-12)
    assert value == pytest.approx(lightly_cosine_schedule(step, STEPS + 1, 0.996, 1.0), abs=1e-9)


def test_cosine_schedule_can_fall():
    assert [cosine_schedule(1.0, 0.0, p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])


def test_linear_warmup_schedule_rises_then_stays_constant():
    values = [linear_warmup_schedule(0.04, 0.07, 0.2, step / STEPS) for step in range(STEPS)]
    assert values[:10] == pytest.approx([0.04 + 0.003 * step for step in range(10)])
    assert set(values[10:]) == {0.07}


def test_linear_warmup_schedule_without_warmup_starts_at_end_value():
    assert linear_warmup_schedule(0.04, 0.07, 0.0, 0.0) == 0.07


def test_warmup_cosine_rises_linearly_then_falls_to_zero():
    factor = WarmupCosine(warmup_ratio=0.2, max_steps=STEPS)
    values = [factor(step) for step in range(STEPS + 1)]
    assert values[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert values[10:] == sorted(values[10:], reverse=True)
    assert values[STEPS] == pytest.approx(0.0)


def test_warmup_cosine_without_warmup_starts_at_one():
    assert WarmupCosine(warmup_ratio=0.0, max_steps=STEPS)(0) == 1.0


def test_warmup_cosine_without_decay_stays_at_one():
    factor = WarmupCosine(warmup_ratio=0.2, max_steps=STEPS, decays=False)
    assert factor(4) == pytest.approx(0.5)
    assert {factor(step) for step in range(9, STEPS + 1)} == {1.0}
