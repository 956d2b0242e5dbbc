"""Command `scenerep-eval study`: the comparison of the original study, trained and evaluated."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_training.study.networks import select_networks
from scenerep_training.study.options import StudyOptions

DEFAULT_OUT = Path("runs/study")


def add_study(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "study",
        help="train and compare ViT, DINO, ODIN and BYOL on one data set",
        description="Trains each network of the original study on every second sequence, evaluates it on "
        "the others with two clusters and with the knee, with and without PCA, and writes study.html, "
        "study.json and study.csv with the study's figures beside. Call again to resume.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="CO3D, one of its categories, or DAVIS",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_OUT,
        metavar="DIR",
        help=f"folder of the study (default: {DEFAULT_OUT})",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="train and evaluate only these rows and what they need; the others may follow later",
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags take precedence")
    add_options(parser, StudyOptions, by_class=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run or resume the study, and print the path of its page."""
    from scenerep_training.study.run import Study  # slow: Lightning

    options = options_from(args, StudyOptions, args.config)
    command = shlex.join(["scenerep-eval", *args.argv])
    networks = select_networks(args.only)
    exit_code = Study(args.data, args.out, options, networks, command).run()
    if not exit_code:
        print(f"written to {args.out / 'study.html'}")
    return exit_code
