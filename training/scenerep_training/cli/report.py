"""Command `scenerep-eval report`: one page of any number of runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DEFAULT_OUT = Path("runs/eval/report.html")


def add_report(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "report",
        help="one HTML page, report.json and report.csv of any number of runs",
        description="Writes one self-contained HTML file, and the same numbers as JSON and CSV "
        "beside it. "
        "Runs of one protocol are compared with the first of them, sample by sample.",
    )
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="folder of a run, finished or not"
    )
    parser.add_argument(
        "--out",
        type=html_path,
        default=DEFAULT_OUT,
        metavar="FILE.html",
        help=f"the page; JSON and CSV have the same name (default: {DEFAULT_OUT})",
    )
    parser.set_defaults(run=run)


def html_path(text: str) -> Path:
    """Parse the path of the page.

    Raises:
        ArgumentTypeError: if it has another suffix than an HTML file.
    """
    path = Path(text)
    if path.suffix not in {".html", ".htm"}:
        raise argparse.ArgumentTypeError(f"{text}: must end in .html")
    return path


def run(args: argparse.Namespace) -> int:
    """Write the page and print its path."""
    from scenerep_training.evaluation.report.write import write_report  # slow: templates, plots

    for entry in write_report(args.runs, args.out):
        state = "" if entry.is_complete else ", unfinished"
        print(
            f"{entry.label}: {entry.protocol.name}, {len(entry.rows)} samples, "
            f"{len(entry.failures)} could not be read{state}"
        )
    suffixes = ", ".join(str(args.out.with_suffix(suffix)) for suffix in (".json", ".csv"))
    print(f"written to {args.out}, {suffixes}")
    return 0
