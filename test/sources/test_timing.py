"""Frame rates from stamps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.sources.timing import MAX_RATE, MIN_RATE, bounded_rate, frame_rate

PERIOD = 33_333_333
WILD = [0, -(10**18), 2**62, 1]


@pytest.mark.parametrize("wild", WILD)
@pytest.mark.parametrize("position", [0, 5, 19])
def test_frame_rate_ignores_one_wild_stamp(wild, position):
    stamps = [10**18 + index * PERIOD for index in range(20)]
    stamps[position] = wild
    assert frame_rate(stamps) == pytest.approx(30, rel=1e-3)


def test_frame_rate_ignores_pauses_and_repeated_stamps():
    stamps = [index * PERIOD + (10**12 if index > 5 else 0) for index in range(12)]
    assert frame_rate([*stamps, stamps[-1], stamps[-1]]) == pytest.approx(30, rel=1e-3)


@given(st.lists(st.integers(-(2**63), 2**63)))
def test_frame_rate_of_any_stamps_is_bounded(stamps):
    assert MIN_RATE <= frame_rate(stamps) <= MAX_RATE


@given(st.floats())
def test_bounded_rate_of_any_header_is_bounded(rate):
    assert MIN_RATE <= bounded_rate(rate) <= MAX_RATE


def test_bounded_rate_keeps_common_rates():
    assert bounded_rate(29.97) == 29.97
    assert bounded_rate(math.nan) == 30.0
