"""Executable `scenerep`. Ctrl-C during its start ends it quietly."""

from scenerep_ros.interruption import run_module


def scenerep() -> int:
    """Run the command `scenerep`; return the exit code."""
    return run_module("scenerep_ros.cli.main")
