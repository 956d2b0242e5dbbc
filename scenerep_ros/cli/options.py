"""`scenerep options`: tables of all options and tuned constants."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from scenerep_ros.config.option_table import TABLES, update


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "options", help="print all options and constants, or update the tables of a document"
    )
    parser.add_argument("--update", type=Path, metavar="FILE", help="Markdown file to update")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the tables, or update those of a document."""
    if args.update:
        print(f"{args.update}: {'updated' if update(args.update) else 'already up to date'}")
        return 0
    for name, table in TABLES.items():
        print(f"## {name}\n\n{table()}\n")
    return 0
