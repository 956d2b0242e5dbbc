"""Schedules against their formulas."""

from __future__ import annotations

import math

import pytest
from lightly.utils.scheduler import cosine_schedule
from scenerep_training.engine.schedules import cosine, linear_warmup

STEPS = 50


def test_momentum_is_byols_formula_and_lightlys():
    for step in range(STEPS):
        found = cosine(0.996, 1.0, step / STEPS)
        rise = (math.cos(math.pi * step / STEPS) + 1) / 2
        assert found == pytest.approx(1 - (1 - 0.996) * rise, abs=1e-12)
        assert found == pytest.approx(cosine_schedule(step, STEPS + 1, 0.996, 1.0), abs=1e-9)


def test_a_cosine_falls_as_it_rises():
    assert [cosine(1.0, 0.0, p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])


def test_the_warm_up_is_a_line_and_then_the_end():
    values = [linear_warmup(0.04, 0.07, 0.2, step / STEPS) for step in range(STEPS)]
    assert values[:10] == pytest.approx([0.04 + 0.003 * step for step in range(10)])
    assert set(values[10:]) == {0.07}


def test_without_a_warm_up_the_first_step_has_the_end():
    assert linear_warmup(0.04, 0.07, 0.0, 0.0) == 0.07
