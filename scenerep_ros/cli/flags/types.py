"""Types of command-line flags that several commands have."""

from __future__ import annotations

import argparse
import math


def frame_count(text: str) -> int:
    """Parse a number of frames; 0 stands for all.

    Raises:
        argparse.ArgumentTypeError: if the text is no such number.
    """
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 0 (all) or a number of frames")
    return count


def positive_count(text: str) -> int:
    """Parse a number from 1 on.

    Raises:
        argparse.ArgumentTypeError: if the text is no such number.
    """
    count = int(text) if text.isdecimal() else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1 on")
    return count


def positive_number(text: str) -> float:
    """Parse a positive, finite number.

    Raises:
        argparse.ArgumentTypeError: if the text is no such number.
    """
    number = _parse_number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a positive number")
    return number


def number_from_zero(text: str) -> float:
    """Parse a finite number from 0 on.

    Raises:
        argparse.ArgumentTypeError: if the text is no such number.
    """
    number = _parse_number(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 0 on")
    return number


def _parse_number(text: str) -> float:
    """Return the number of a text; NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
