"""Flags that several protocols have."""

from __future__ import annotations

import argparse

from scenerep_ros.cli.flags.types import positive_count


def add_every_flag(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Register --every, which thins out the samples.

    Args:
        parser: parser of a protocol whose samples are frames or images.
        meaning: help text, such as "measure one frame in N".
    """
    parser.add_argument(
        "--every", type=positive_count, default=1, metavar="N", help=f"{meaning} (default: 1)"
    )


def add_frames_flag(parser: argparse.ArgumentParser, sample: str) -> None:
    """Register --frames, which shortens each sample.

    Args:
        parser: parser of a protocol whose samples are videos.
        sample: noun of a sample, such as "sequence".
    """
    parser.add_argument(
        "--frames",
        type=positive_count,
        metavar="N",
        help=f"only the first N frames of each {sample}",
    )
