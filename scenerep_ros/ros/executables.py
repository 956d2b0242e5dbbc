"""Executables of the nodes. Ctrl-C during their start, which takes seconds, ends them quietly."""

from typing import NoReturn

from scenerep_ros.interruption import end_process, run_module


def segmenter() -> NoReturn:
    """Run the executable `segmenter`."""
    end_process(run_module("scenerep_ros.ros.nodes.segmenter"))


def replay() -> NoReturn:
    """Run the executable `replay`."""
    end_process(run_module("scenerep_ros.ros.nodes.replay"))
