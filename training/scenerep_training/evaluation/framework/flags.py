"""Types of command-line flags, and flags that several protocols have."""

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


def add_every_flag(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Register --every, which thins out the samples.

    Args:
        parser: parser of a protocol whose samples are frames or images.
        meaning: help text, such as "measure one frame in N".
    """
    parser.add_argument(
        "--every", type=positive_int, default=1, metavar="N", help=f"{meaning} (default: 1)"
    )


def add_frames_flag(parser: argparse.ArgumentParser, sample: str) -> None:
    """Register --frames, which shortens each sample.

    Args:
        parser: parser of a protocol whose samples are videos.
        sample: noun of a sample, such as "sequence".
    """
    parser.add_argument(
        "--frames",
        type=positive_int,
        metavar="N",
        help=f"only the first N frames of each {sample}",
    )
