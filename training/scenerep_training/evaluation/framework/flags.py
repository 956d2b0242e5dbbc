"""Values of command-line flags."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """Parse a number of things, of which there must be one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: must be 1 or more")
    return number
