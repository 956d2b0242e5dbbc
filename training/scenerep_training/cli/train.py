"""Entry point of the command `scenerep-train`: one subcommand per training method."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import warnings
from pathlib import Path
from typing import Any

from scenerep_ros.cli.exit_code import exit_code
from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.spelling import hyphenate_flags
from scenerep_ros.cli.flags.types import positive_number
from scenerep_ros.errors import ConfigError
from scenerep_training.datasets.encoding import EncodeOptions, encode
from scenerep_training.datasets.shards.writing import ShardOptions, write_shards
from scenerep_training.engine.duration import with_duration
from scenerep_training.engine.run import RunConfig, RunOutcome, run_training
from scenerep_training.methods.base import Method
from scenerep_training.methods.registry import METHODS
from scenerep_training.tuning.options import TuneOptions
from scenerep_training.tuning.run import tune

TUNE, ENCODE, SHARDS = "tune", "encode", "shards"
DESCRIPTION = "Fine-tune a backbone on recorded frames, without labels."


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with one subcommand per registered method."""
    parser = argparse.ArgumentParser(prog="scenerep-train", description=DESCRIPTION)
    subparsers = parser.add_subparsers(dest="method", required=True, metavar="METHOD")
    _add_tune(subparsers)
    _add_encode(subparsers)
    _add_shards(subparsers)
    for name, method in METHODS.items():
        _add_subcommand(subparsers, name, method)
    return parser


def _add_tune(subparsers: Any) -> None:
    """Add the subcommand `tune`, which is no training method."""
    parser = subparsers.add_parser(
        TUNE,
        help="the student, better in your own scenes, in a given time",
        description="Distill the packaged student on the recordings, in a given time. It is not written if "
        "it is worse than before by label-free scores on the held-back fifth of each recording or on "
        "frames of the package.",
    )
    _add_shared_arguments(parser)
    add_options(parser, TuneOptions)


def _add_encode(subparsers: Any) -> None:
    """Add the subcommand `encode`, which prepares images for `distill`."""
    parser = subparsers.add_parser(
        ENCODE,
        help="images with a teacher's features, for the distillation of many images",
        description="Store square crops of images together with the features and the CLS attention of "
        "a teacher, in shards; `distill --teacher-cache` reads them. Complete shards are kept, so an "
        "interrupted command continues.",
    )
    _add_shared_arguments(parser)
    add_options(parser, EncodeOptions, skip=("resolution",), by_class=True)


def _add_shards(subparsers: Any) -> None:
    """Add the subcommand `shards`, which prepares the data of a fleet."""
    parser = subparsers.add_parser(
        SHARDS,
        help="the frames of many recordings in shards, for a folder or a bucket",
        description="Write the frames of recordings into shards (LitData), which `--data` of every "
        "method reads from a folder, a bucket or a web server. Complete recordings are kept, so an "
        "interrupted command continues, and a later one adds recordings.",
    )
    parser.add_argument(
        "recordings",
        type=Path,
        nargs="+",
        metavar="RECORDING",
        help="recordings in any format of the runtime, CO3D, DAVIS, or folders of recordings",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder of the shards"
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_options(parser, ShardOptions)


def _add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every subcommand."""
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        metavar="SOURCE",
        help="recordings in any format of the runtime, maps of recordings, CO3D, DAVIS, folders of "
        "recordings, or shards in a folder or at an address (s3://..., gs://..., https://...)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the run; an interrupted run of a method in it is resumed",
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")


def _add_subcommand(subparsers: Any, name: str, method: type[Method]) -> None:
    """Add the subcommand of one method, with its options as flags."""
    parser = subparsers.add_parser(
        name,
        help=method.summary,
        description=method.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_shared_arguments(parser)
    parser.add_argument(
        "--data-weights",
        type=float,
        nargs="+",
        metavar="W",
        help="sampling weight of each source (default: its number of frames)",
    )
    parser.add_argument(
        "--minutes",
        type=positive_number,
        metavar="M",
        help="as many steps as fit into this time on this machine, instead of max_steps",
    )
    parser.add_argument(
        "--profile", action="store_true", help="print the time of each part of a step at the end"
    )
    add_options(parser, method.Options, by_class=True)


def run(args: argparse.Namespace, argv: list[str]) -> int:
    """Train, or resume a run; return the exit code."""
    command = shlex.join(["scenerep-train", *argv])
    if args.method == TUNE:
        tune_options = options_from(args, TuneOptions, args.config)
        return _report(tune(args.data, args.output, tune_options, command))
    if args.method == ENCODE:
        print(encode(args.data, args.output, options_from(args, EncodeOptions, args.config)))
        return 0
    if args.method == SHARDS:
        options = options_from(args, ShardOptions, args.config)
        print(write_shards(args.recordings, args.output, options))
        return 0
    config = RunConfig(
        method=args.method,
        options=options_from(args, METHODS[args.method].Options, args.config),
        data=tuple(args.data),
        weights=None if args.data_weights is None else tuple(args.data_weights),
        folder=args.output,
        command=command,
        profile=args.profile,
    )
    if args.minutes:
        if hasattr(args, "max_steps"):
            raise ConfigError("--minutes and --max-steps both set the length; give one of them")
        config = with_duration(config, args.minutes)
    return _report(run_training(config))


def _report(outcome: RunOutcome) -> int:
    """Print the message of a run, and return its exit code."""
    if outcome.message:
        print(outcome.message)
    return outcome.exit_code


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    # Lightning repeats the package's own messages and advertises.
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    argv = hyphenate_flags(sys.argv[1:] if argv is None else argv)
    args = build_parser().parse_args(argv)
    return exit_code(f"scenerep-train {args.method}", lambda: run(args, argv))


if __name__ == "__main__":
    sys.exit(main())
