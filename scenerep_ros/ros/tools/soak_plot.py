"""Plot of the resources over an endurance test."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.ros.tools.process_usage import ProcessUsage

CURVES = {
    "memory_mb": "resident memory [MB]",
    "threads": "threads",
    "files": "open files",
    "segments": "shared-memory files",
}
"""Title of the plot of each resource."""


def write_soak_plot(path: Path, samples: Sequence[tuple[float, ProcessUsage]]) -> None:
    """Plot each resource over time, from zero.

    Args:
        path: image file; its suffix selects the format.
        samples: time since the start [s] and resources.

    Raises:
        ConfigError: if matplotlib is not installed.
        ScenerepError: if the file cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    minutes = [moment_s / 60 for moment_s, _ in samples]
    for axis, (name, title) in zip(figure.subplots(2, 2).flat, CURVES.items(), strict=True):
        axis.plot(minutes, [getattr(usage, name) for _, usage in samples], linewidth=0.8)
        axis.set_title(title)
        axis.set_xlabel("time [min]")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def require_matplotlib() -> None:
    """Check for matplotlib, an extra that a robot does not need.

    Raises:
        ConfigError: if it is not installed.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError("--plot: matplotlib is not installed; pip install 'scenerep_ros[bench]'")
