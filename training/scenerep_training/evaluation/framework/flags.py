"""Types of command-line flags."""

from __future__ import annotations

import argparse


def positive_int(text: str) -> int:
    """Parse an integer of at least 1.

    Raises:
        ArgumentTypeError: if it is smaller.
        ValueError: if it is no integer.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: must be 1 or more")
    return number
