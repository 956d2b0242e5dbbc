"""Executables of the nodes. Ctrl-C during their imports, which take seconds, ends them quietly."""

from __future__ import annotations

from importlib import import_module

from scenerep_ros.interruption import exit_on_interrupt


def segmenter() -> int:
    """Run the executable `segmenter`; return the exit code."""
    return _run("segmenter")


def replay() -> int:
    """Run the executable `replay`; return the exit code."""
    return _run("replay")


def _run(name: str) -> int:
    with exit_on_interrupt():
        module = import_module(f"scenerep_ros.ros.nodes.{name}")
    return int(module.main())
