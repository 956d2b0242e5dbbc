"""The page's tables, as texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scenerep_training.evaluation.framework.protocol import Figures, Published, Table
from scenerep_training.evaluation.report.bootstrap import mean_intervals
from scenerep_training.evaluation.report.collect import Run
from scenerep_training.evaluation.report.compare import Comparison, setting_differences
from scenerep_training.evaluation.report.numbers import (
    DASH,
    heading,
    number,
    signed,
    title,
    with_unit,
)


@dataclass(frozen=True)
class Grid:
    """A table of texts; the first cell of a row is its head."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    published: list[list[str]] = field(default_factory=list)


def summary_grid(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Grid:
    """One line a run: what was measured on what, its first figure, and what became of that."""
    columns = ["run", "protocol", "data", "samples", "failed", "first figure", "95 % interval"]
    found = {comparison.other: comparison for comparison in comparisons}
    rows = [[*_summary_row(run), *_summary_change(run, found.get(run.label))] for run in runs]
    return Grid("runs", [*columns, "against first run", "what it shows"], rows)


def results_grid(runs: Sequence[Run]) -> Grid:
    """Figures over all of each run, and below them those that were published."""
    figures = list(dict.fromkeys(name for run in runs for name in [*run.figures, *run.overall]))
    rows = [[run.label, *_numbers(run.overall, figures, run)] for run in runs if run.tables]
    published = [
        [f"{entry.name} ({entry.source})", *_numbers(_fractions(entry), figures, runs[0])]
        for entry in runs[0].protocol.published
    ]
    return Grid("over all", _headings(figures, runs[0]), rows, published)


def comparison_grid(comparison: Comparison, run: Run) -> Grid:
    """Differences of two runs, a row a figure.

    Args:
        comparison: of the two.
        run: either of them, which knows what figures mean.
    """
    rows = []
    for part in comparison.differences:
        quantity = run.quantity(part.figure)
        values = [number(value, quantity) for value in (part.before, part.after)]
        bounds = [signed(value, quantity) for value in (part.low, part.high)]
        interval = DASH if np.isnan(part.low) else " to ".join(bounds)
        change = signed(part.change, quantity)
        sizes = f"{part.samples}" + (f" in {part.units}" if part.units < part.samples else "")
        rows.append(
            [heading(part.figure, quantity), *values, change, interval, part.verdict, sizes]
        )
    columns = [comparison.base, comparison.other, "difference", "95 % interval"]
    return Grid("difference", ["figure", *columns, "what it shows", "samples"], rows)


def changed_grid(runs: Sequence[Run]) -> Grid | None:
    """Settings that are not the same in all runs."""
    changed = setting_differences(runs)
    if not changed:
        return None
    rows = [[name, *(value or DASH for value in values)] for name, values in changed.items()]
    return Grid("settings that differ", ["setting", *(run.label for run in runs)], rows)


def table_grid(table: Table, run: Run) -> Grid:
    """Show one of the protocol's own tables."""
    figures = list(dict.fromkeys(name for row in table.rows.values() for name in row))
    rows = [[name, *_numbers(row, figures, run)] for name, row in table.rows.items()]
    return Grid(table.title, _headings(figures, run), rows)


def settings_grid(run: Run) -> Grid:
    """Everything that could change a figure, but the command, which has a place of its own."""
    groups = {name: value for name, value in run.settings.items() if name != "command"}
    rows = [
        [f"{group}: {name}" if name else group, _text(part)]
        for group, value in groups.items()
        for name, part in (value.items() if isinstance(value, dict) else [("", value)])
    ]
    return Grid("settings", ["setting", "value"], rows)


def headline_interval(run: Run) -> tuple[float, float, float]:
    """First figure of the headline over all, and its bounds.

    They are NaN where the figure is no mean over samples, or the samples are too few.
    """
    figure = run.protocol.headline[0]
    values = run.values(figure)
    value = run.overall.get(figure, np.nan)
    held = values[~np.isnan(values)]
    if not held.size or not np.isclose(held.mean(), value):
        return value, np.nan, np.nan
    units = [run.protocol.unit(row.name) for row in run.rows]
    low, high = mean_intervals(values[:, None], units)[0]
    return value, float(low), float(high)


def _summary_row(run: Run) -> list[str]:
    figure = run.protocol.headline[0]
    quantity = run.quantity(figure)
    value, low, high = headline_interval(run)
    interval = " to ".join(number(bound, quantity) for bound in (low, high))
    state = "" if run.complete else " (not ended)"
    return [
        run.label,
        run.protocol.name,
        run.data,
        f"{len(run.rows)}{state}",
        str(len(run.failures)),
        f"{title(figure)} {with_unit(value, quantity)}",
        DASH if np.isnan(low) else interval,
    ]


def _summary_change(run: Run, comparison: Comparison | None) -> list[str]:
    figure = run.protocol.headline[0]
    part = comparison.difference(figure) if comparison else None
    if part is None:
        return [DASH, "not compared" if comparison else DASH]
    return [signed(part.change, run.quantity(figure)), part.verdict]


def _fractions(entry: Published) -> Figures:
    return {name: value / 100 for name, value in entry.figures.items()}


def _headings(figures: Sequence[str], run: Run) -> list[str]:
    return ["", *(heading(figure, run.quantity(figure)) for figure in figures)]


def _numbers(values: Figures, figures: Sequence[str], run: Run) -> list[str]:
    return [number(values.get(figure), run.quantity(figure)) for figure in figures]


def _text(value: Any) -> str:
    if value is None:
        return DASH
    return value if isinstance(value, str) else json.dumps(value)
