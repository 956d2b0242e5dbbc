"""Executables of the nodes. Ctrl-C during their start, which takes seconds, ends them quietly."""

from scenerep_ros.interruption import run_module


def segmenter() -> int:
    """Run the executable `segmenter`; return the exit code."""
    return run_module("scenerep_ros.ros.nodes.segmenter")


def replay() -> int:
    """Run the executable `replay`; return the exit code."""
    return run_module("scenerep_ros.ros.nodes.replay")
