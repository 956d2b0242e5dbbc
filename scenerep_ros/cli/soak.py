"""`scenerep soak`: run the segmenter for a long time with disturbances, and record its resources."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.config.fields import changed_options
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.share import sample_sequence


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("soak", help="test the endurance of the segmenter node")
    parser.add_argument("source", nargs="?", help="recording that loops; default: the sample")
    parser.add_argument("--minutes", type=float, default=120.0, help="duration")
    parser.add_argument("--out", type=Path, default=Path("out/soak"), help="folder of the results")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="plot the resources (needs the extra `bench`)"
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the resources at the beginning and at the end; return 1 if one grew, or the test failed."""
    from scenerep_ros.ros.tools.soak import soak
    from scenerep_ros.ros.tools.soak_plot import require_matplotlib, write_soak_plot

    if args.plot:
        require_matplotlib()  # not after two hours
    options = changed_options(options_from(args, PipelineConfig, args.config))
    report = soak(args.source or str(sample_sequence()), args.minutes, options, args.out)
    if args.plot:
        write_soak_plot(args.plot, report.samples)
    for moment, usage in report.samples[:1] + report.samples[-1:]:
        print(
            f"{moment / 60:6.1f} min: {usage.memory_mb:.0f} MB, {usage.threads} threads, "
            f"{usage.files} files, {usage.segments} shared-memory files"
        )
    print(f"growth after the settling: {report.growth_mb_per_hour:.2f} MB an hour")
    print(f"disturbances: {report.disturbances}; messages: {report.received}")
    for problem in report.problems:
        print(f"FAIL  {problem}")
    print(f"written to {args.out}/soak.json")
    return int(bool(report.problems))
