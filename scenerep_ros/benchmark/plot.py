"""Plot of the measured times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import atomic_path

LABEL_MARGIN = 0.15
"""Space for the number beside the longest bar, as a ratio of its length."""


def write_plot(path: Path, groups: Mapping[str, Mapping[str, float]]) -> None:
    """Write one bar chart for each group of times.

    Args:
        path: image file; its suffix names the format.
        groups: titles, and times by name [ms].

    Raises:
        ConfigError: if matplotlib is not installed.
        ScenerepError: if the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # an extra, which a robot does not need
    except ImportError:
        raise ConfigError(
            "--plot: matplotlib is not installed; pip install 'scenerep_ros[bench]'"
        ) from None
    height_in = 1.0 + sum(0.3 * len(times) + 0.8 for times in groups.values())
    figure = Figure(figsize=(8, height_in), layout="constrained")
    ratios = [len(times) + 1 for times in groups.values()]
    axes = figure.subplots(len(groups), 1, squeeze=False, height_ratios=ratios)[:, 0]
    for panel, (title, times) in zip(axes, groups.items(), strict=True):
        bars = panel.barh(list(times), list(times.values()))
        panel.bar_label(bars, fmt="%.1f", padding=3)
        panel.margins(x=LABEL_MARGIN)
        panel.invert_yaxis()
        panel.set_title(title, loc="left")
        panel.set_xlabel("median [ms]")
    with atomic_path(path) as temporary:
        figure.savefig(temporary)
