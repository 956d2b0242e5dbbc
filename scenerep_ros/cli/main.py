"""Entry point of the command `scenerep`."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import scenerep_ros
from scenerep_ros.cli.exit_code import exit_code
from scenerep_ros.cli.flags.spelling import hyphenate_flags
from scenerep_ros.interruption import exit_on_interrupt, interrupt_once

COMMANDS = (
    "segment",
    "map",
    "batch",
    "record",
    "replay",
    "demo",
    "bench",
    "export",
    "doctor",
    "soak",
    "weights",
    "options",
)
TERMINATED = 143
"""Exit code 128 + SIGTERM, as shells report it."""


def build_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser with one subparser per command, which stores its function as `run`."""
    parser = argparse.ArgumentParser(prog="scenerep", description=scenerep_ros.__doc__)
    parser.add_argument("--version", action="version", version=scenerep_ros.__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in commands:
        importlib.import_module(f"scenerep_ros.cli.{name}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    # Closed streams: progress bars could not write, and a data file could get their descriptors.
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # names of files need not be UTF-8
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that files are closed
    argv = hyphenate_flags(sys.argv[1:] if argv is None else argv)
    # Import only the selected command: `scenerep doctor` must run where other imports fail.
    selected = [name for name in COMMANDS if name in argv[:1]] or COMMANDS
    with exit_on_interrupt():
        args = build_parser(selected).parse_args(argv)
        return exit_code(f"scenerep {args.command}", lambda: _run(args))


def _run(args: argparse.Namespace) -> int:
    with interrupt_once():
        return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
