"""`scenerep record`: record a camera for training."""

from __future__ import annotations

import argparse
from math import inf
from pathlib import Path
from typing import Any

from scenerep_ros.cli.flags.options import add_options
from scenerep_ros.cli.flags.types import positive_count, positive_number
from scenerep_ros.config.options import TopicOptions
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.validation import load_yaml, validated

MAX_MEGABYTES = 4000.0
"""Default bound of a recording [MB]: some thousand RGB-D frames."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "record",
        help="record a camera for training",
        description="Record color, depth, camera_info and tf to a compressed bag. Frames in which less "
        "than five percent of the image has moved since the last recorded one are left out.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder of the bag; NAME.partial until it is complete",
    )
    parser.add_argument("--config", type=Path, help="YAML file of the node; flags override it")
    parser.add_argument("--seconds", type=positive_number, default=inf, help="largest duration [s]")
    parser.add_argument(
        "--frames", type=positive_count, default=inf, help="largest number of recorded frames"
    )
    parser.add_argument(
        "--megabytes",
        type=positive_number,
        default=MAX_MEGABYTES,
        help="largest size of the bag [MB] (default: %(default)s)",
    )
    add_options(parser, TopicOptions)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Record until a bound is reached, or until Ctrl-C."""
    from scenerep_ros.ros.tools.recorder import RecordingLimits, record

    values = load_yaml(args.config) if args.config else {}
    given = {name: getattr(args, name) for name in TopicOptions.model_fields if hasattr(args, name)}
    config = validated(NodeConfig, {**values, **given})
    print(record(config, args.out, RecordingLimits(args.seconds, args.frames, args.megabytes)))
    return 0
