"""What the page shows, as plain texts and pictures: everything the template needs, no more."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import getdoc
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from scenerep_training.evaluation.protocol import Figures, Published, Row, Table
from scenerep_training.evaluation.report import plots
from scenerep_training.evaluation.report.bootstrap import mean_intervals
from scenerep_training.evaluation.report.collect import Run
from scenerep_training.evaluation.report.compare import (
    Comparison,
    setting_differences,
)
from scenerep_training.evaluation.report.numbers import (
    DASH,
    heading,
    number,
    signed,
    title,
    with_unit,
)
from scenerep_training.evaluation.report.ranking import best_and_worst

MIME = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
RANKS = {1: ("Best", "Worst"), -1: ("Best", "Worst"), 0: ("Highest", "Lowest")}


@dataclass(frozen=True)
class Grid:
    """A table of texts; the first cell of a row is its head."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    published: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """One picture with its caption; `source` is a data URI, or "" where there is none."""

    source: str
    name: str
    caption: str = ""


@dataclass(frozen=True)
class RunView:
    """One run of a section."""

    run: Run
    anchor: str
    state: str
    tables: list[Grid]
    plots: list[Picture]
    galleries: list[tuple[str, list[Picture]]]
    settings: Grid


@dataclass(frozen=True)
class ComparisonView:
    """Two runs side by side."""

    comparison: Comparison
    grid: Grid
    plot: Markup | None


@dataclass(frozen=True)
class Section:
    """All runs of one protocol."""

    name: str
    definition: str
    results: Grid
    plots: list[Markup]
    comparisons: list[ComparisonView]
    changed: Grid | None
    runs: list[RunView]


def section(
    runs: Sequence[Run], anchors: Sequence[str], comparisons: Sequence[Comparison]
) -> Section:
    """Show the runs of one protocol; the first one is what the others are compared with."""
    protocol, labels = runs[0].protocol, {run.label for run in runs}
    return Section(
        name=protocol.name,
        definition=getdoc(protocol) or "",
        results=results_grid(runs),
        plots=section_plots(runs),
        comparisons=[
            comparison_view(runs[0], part) for part in comparisons if part.other in labels
        ],
        changed=changed_grid(runs),
        runs=[run_view(run, anchor) for run, anchor in zip(runs, anchors, strict=True)],
    )


def results_grid(runs: Sequence[Run]) -> Grid:
    """Figures over all of each run, and below them those that were published."""
    figures = list(dict.fromkeys(name for run in runs for name in [*run.figures, *run.overall]))
    rows = [[run.label, *_numbers(run.overall, figures, run)] for run in runs if run.tables]
    published = [
        [f"{entry.name} ({entry.source})", *_numbers(_fractions(entry), figures, runs[0])]
        for entry in runs[0].protocol.published
    ]
    return Grid("over all", _headings(figures, runs[0]), rows, published)


def section_plots(runs: Sequence[Run]) -> list[Markup]:
    """Plots that show all runs of a protocol."""
    headline = runs[0].protocol.headline[0]
    drawn = [plots.distribution(runs, headline), plots.group_bars(runs, headline)]
    if runs[0].protocol.trade_off:
        drawn.append(plots.trade_off(runs, *runs[0].protocol.trade_off))
    return [Markup(text) for text in drawn if text]


def comparison_view(base: Run, comparison: Comparison) -> ComparisonView:
    """Show the differences of two runs."""
    rows = []
    for part in comparison.differences:
        quantity = base.quantity(part.figure)
        values = [number(value, quantity) for value in (part.before, part.after)]
        bounds = [signed(value, quantity) for value in (part.low, part.high)]
        interval = DASH if np.isnan(part.low) else " to ".join(bounds)
        change = signed(part.change, quantity)
        sizes = f"{part.samples}" + (f" in {part.units}" if part.units < part.samples else "")
        rows.append(
            [heading(part.figure, quantity), *values, change, interval, part.verdict, sizes]
        )
    columns = [comparison.base, comparison.other, "difference", "95 % interval"]
    columns = ["figure", *columns, "what it shows", "samples"]
    drawn = plots.differences(comparison, base)
    plot = Markup(drawn) if drawn else None
    return ComparisonView(comparison, Grid("difference", columns, rows), plot)


def changed_grid(runs: Sequence[Run]) -> Grid | None:
    """Settings that are not the same in all runs."""
    changed = setting_differences(runs)
    if not changed:
        return None
    rows = [[name, *(value or DASH for value in values)] for name, values in changed.items()]
    return Grid("settings that differ", ["setting", *(run.label for run in runs)], rows)


def run_view(run: Run, anchor: str) -> RunView:
    """Show one run."""
    tables = [table_grid(table, run) for table in run.tables if len(table.rows) > 1]
    return RunView(
        run=run,
        anchor=anchor,
        state="complete" if run.complete else "not ended",
        tables=tables,
        plots=[Picture(data_uri(path), path.stem) for path in run.plots],
        galleries=galleries(run),
        settings=settings_grid(run),
    )


def table_grid(table: Table, run: Run) -> Grid:
    """Show one of the protocol's own tables."""
    figures = list(dict.fromkeys(name for row in table.rows.values() for name in row))
    rows = [[name, *_numbers(row, figures, run)] for name, row in table.rows.items()]
    return Grid(table.title, _headings(figures, run), rows)


def galleries(run: Run) -> list[tuple[str, list[Picture]]]:
    """Best and worst samples by the first figure of the headline."""
    figure = run.protocol.headline[0]
    better = run.quantity(figure).better
    parts = best_and_worst(run.rows, figure, better)
    named = zip(RANKS[better], parts, strict=True)
    return [
        (f"{rank} by {title(figure)}", [sample_picture(run, row) for row in rows])
        for rank, rows in named
        if rows
    ]


def sample_picture(run: Run, row: Row) -> Picture:
    """Show a sample: its picture, where there is one, and its figures of the headline."""
    path = run.picture(row.name)
    held = [name for name in run.protocol.headline if name in row.figures]
    figures = (f"{title(name)} {with_unit(row.figures[name], run.quantity(name))}" for name in held)
    return Picture(data_uri(path) if path else "", row.name, ", ".join(figures))


def settings_grid(run: Run) -> Grid:
    """Everything that could change a figure, but the command, which has a place of its own."""
    groups = {name: value for name, value in run.settings.items() if name != "command"}
    rows = [
        [f"{group}: {name}" if name else group, _text(part)]
        for group, value in groups.items()
        for name, part in (value.items() if isinstance(value, dict) else [("", value)])
    ]
    return Grid("settings", ["setting", "value"], rows)


def summary_grid(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Grid:
    """One line a run: what was measured on what, its first figure, and what became of that."""
    columns = ["run", "protocol", "data", "samples", "failed", "first figure", "95 % interval"]
    found = {comparison.other: comparison for comparison in comparisons}
    rows = [[*_summary_row(run), *_summary_change(run, found.get(run.label))] for run in runs]
    return Grid("runs", [*columns, "against the protocol's first run", "what it shows"], rows)


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


def data_uri(path: Path) -> str:
    """Return a picture's file as a data URI."""
    return f"data:{MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


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
