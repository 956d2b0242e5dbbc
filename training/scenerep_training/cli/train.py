"""Entry point of the command `scenerep-train`: one subcommand a method."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import warnings
from pathlib import Path
from typing import Any

from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.cli.outcome import exit_code
from scenerep_training.engine.run import Plan, run_training
from scenerep_training.methods import __doc__ as summary
from scenerep_training.methods.base import Method
from scenerep_training.methods.registry import METHODS


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with one subparser a method."""
    parser = argparse.ArgumentParser(prog="scenerep-train", description=summary)
    subparsers = parser.add_subparsers(dest="method", required=True, metavar="METHOD")
    for method in METHODS.values():
        add_method(subparsers, method)
    return parser


def add_method(subparsers: Any, method: type[Method]) -> None:
    """Register one method as a command."""
    module = sys.modules[method.__module__]
    parser = subparsers.add_parser(
        method.name,
        help=(module.__doc__ or "").split(": ", 1)[-1],
        description=method.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        metavar="SOURCE",
        help="recordings: all that the runtime reads, CO3D, DAVIS, or a folder of such",
    )
    parser.add_argument(
        "--data-weights",
        type=float,
        nargs="+",
        metavar="W",
        help="how often each source is drawn, one number a source (default: by its frames)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="the run's folder; an interrupted run in it goes on",
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags win over it")
    parser.add_argument(
        "--profile", action="store_true", help="print where the time went, at the end"
    )
    add_options(parser, method.Options)


def run(args: argparse.Namespace, argv: list[str]) -> int:
    """Train, or go on training."""
    plan = Plan(
        method=args.method,
        options=options_from(args, METHODS[args.method].Options, args.config),
        data=tuple(args.data),
        weights=None if args.data_weights is None else tuple(args.data_weights),
        folder=args.output,
        command=shlex.join(["scenerep-train", *argv]),
        profile=args.profile,
    )
    outcome = run_training(plan)
    if outcome.message:
        print(outcome.message)
    return outcome.exit_code


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    for library in ("lightning.pytorch", "lightning.fabric"):  # they say what we say, and advertise
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    argv = sys.argv[1:] if argv is None else argv
    args = build_parser().parse_args(argv)
    return exit_code(f"scenerep-train {args.method}", lambda: run(args, argv))


if __name__ == "__main__":
    sys.exit(main())
