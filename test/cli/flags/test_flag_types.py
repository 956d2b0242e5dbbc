from __future__ import annotations

import argparse
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.cli.flags.types import (
    frame_count,
    number_from_zero,
    positive_count,
    positive_number,
)


@given(st.integers(1, 10**9))
def test_positive_count_parses_its_own_text(count):
    assert positive_count(str(count)) == count


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5", "", "²"])
def test_positive_count_refuses_other_text_by_name(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}': expected a number from 1 on"):
        positive_count(text)


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_positive_number_parses_its_own_text(number):
    assert positive_number(repr(number)) == number


@pytest.mark.parametrize("number", [0.0, -1.0, math.inf, math.nan])
def test_positive_number_refuses_other_numbers(number):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a positive number"):
        positive_number(str(number))


@given(st.floats(min_value=0, allow_infinity=False))
def test_number_from_zero_parses_its_own_text(number):
    assert number_from_zero(repr(number)) == number


@pytest.mark.parametrize("text", ["-0.5", "inf", "nan", "half"])
def test_number_from_zero_refuses_other_text(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}': expected a number from 0 on"):
        number_from_zero(text)


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("7", 7)])
def test_frame_count_takes_zero_for_all(text, count):
    assert frame_count(text) == count


@pytest.mark.parametrize("text", ["-1", "all", "2.5"])
def test_frame_count_refuses_other_text(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected 0"):
        frame_count(text)
