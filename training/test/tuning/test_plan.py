"""Tests of the plan of `tune`: what fits into the time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.tuning.plan import CONSTANTS, Costs, make_plan


def make_costs(**changes) -> Costs:
    costs = {"elapsed_s": 10.0, "teacher_s": 0.5, "reference_s": 0.2, "score_s": 0.1, "step_s": 2.0}
    return Costs(**costs | changes, memory_bytes=1_800_000_000)


@given(
    minutes=st.floats(2.0, 500.0),
    teacher_s=st.floats(0.01, 0.5),
    step_s=st.floats(0.05, 2.0),
    available=st.integers(8, 10_000),
)
def test_plan_fits_into_the_time(minutes, teacher_s, step_s, available):
    costs = make_costs(teacher_s=teacher_s, step_s=step_s)
    plan = make_plan(costs, available, minutes)
    seconds = costs.elapsed_s + costs.gate_s + plan.frames * teacher_s + plan.steps * step_s
    assert seconds <= 60 * minutes
    assert plan.frames <= available
    assert "more than" not in plan.describe(costs, minutes)


def test_plan_of_long_time_ends_where_nothing_is_gained():
    plan = make_plan(make_costs(), available=10_000, minutes=1000.0)
    assert (plan.frames, plan.steps) == (CONSTANTS.max_frames, CONSTANTS.max_steps)


def test_plan_of_short_time_says_that_it_takes_longer():
    costs = make_costs(teacher_s=5.0, step_s=60.0)
    plan = make_plan(costs, available=100, minutes=1.0)
    assert (plan.frames, plan.steps) == (CONSTANTS.min_frames, CONSTANTS.min_steps)
    assert "more than the 1 min of --minutes" in plan.describe(costs, 1.0)


def test_plan_measures_as_often_as_forecast():
    plan = make_plan(make_costs(), available=100, minutes=1000.0)
    assert len(range(plan.interval, plan.steps + 1, plan.interval)) == CONSTANTS.measurements
