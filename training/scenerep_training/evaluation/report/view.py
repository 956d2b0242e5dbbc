"""Content of the report page for the template: texts, tables and pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import getdoc
from pathlib import Path

from markupsafe import Markup

from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.report import plots
from scenerep_training.evaluation.report.collect import Run
from scenerep_training.evaluation.report.compare import Comparison
from scenerep_training.evaluation.report.grids import (
    Grid,
    comparison_grid,
    results_grid,
    setting_differences_grid,
    settings_grid,
    table_grid,
)
from scenerep_training.evaluation.report.numbers import format_with_unit, metric_title
from scenerep_training.evaluation.report.ranking import best_and_worst

MIME_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
RANKS = {1: ("Best", "Worst"), -1: ("Best", "Worst"), 0: ("Highest", "Lowest")}
"""Titles of the galleries, by the metric's direction."""


@dataclass(frozen=True)
class Picture:
    """Picture with its caption; `source` is a data URI, or "" without a picture."""

    source: str
    name: str
    caption: str = ""


@dataclass(frozen=True)
class RunView:
    """Content of one run."""

    run: Run
    anchor: str
    tables: list[Grid]
    plots: list[Picture]
    galleries: list[tuple[str, list[Picture]]]
    settings: Grid


@dataclass(frozen=True)
class ComparisonView:
    """Content of the comparison of two runs."""

    comparison: Comparison
    grid: Grid
    plot: Markup | None


@dataclass(frozen=True)
class Section:
    """Content of all runs of one protocol."""

    name: str
    definition: str
    results: Grid
    plots: list[Markup]
    comparisons: list[ComparisonView]
    changed_settings: Grid | None
    runs: list[RunView]


def build_section(
    runs: Sequence[Run], anchors: Sequence[str], comparisons: Sequence[Comparison]
) -> Section:
    """Build the section of a protocol; the other runs are compared with the first one."""
    protocol, labels = runs[0].protocol, {run.label for run in runs}
    return Section(
        name=protocol.name,
        definition=getdoc(protocol) or "",
        results=results_grid(runs),
        plots=section_plots(runs),
        comparisons=[
            comparison_view(runs[0], part) for part in comparisons if part.other in labels
        ],
        changed_settings=setting_differences_grid(runs),
        runs=[run_view(run, anchor) for run, anchor in zip(runs, anchors, strict=True)],
    )


def section_plots(runs: Sequence[Run]) -> list[Markup]:
    """Draw the plots of all runs of a protocol."""
    headline = runs[0].protocol.headline[0]
    svgs = [plots.plot_distribution(runs, headline), plots.plot_groups(runs, headline)]
    if runs[0].protocol.trade_off and len(runs) > 1:  # a single run has its own plot
        svgs.append(plots.plot_trade_off(runs, *runs[0].protocol.trade_off))
    return [Markup(svg) for svg in svgs if svg]


def comparison_view(base: Run, comparison: Comparison) -> ComparisonView:
    """Build the table and the plot of a comparison."""
    svg = plots.plot_differences(comparison, base)
    grid = comparison_grid(comparison, base)
    return ComparisonView(comparison, grid, Markup(svg) if svg else None)


def run_view(run: Run, anchor: str) -> RunView:
    """Build the content of one run."""
    return RunView(
        run=run,
        anchor=anchor,
        tables=[
            table_grid(run, index)
            for index, table in enumerate(run.tables)
            if set(table.rows) != {"all"}
        ],
        plots=[Picture(data_uri(path), path.stem) for path in run.plots],
        galleries=galleries(run),
        settings=settings_grid(run),
    )


def galleries(run: Run) -> list[tuple[str, list[Picture]]]:
    """Select the best and worst samples by the first headline metric; none without pictures."""
    metric = run.protocol.headline[0]
    direction = run.metric_spec(metric).direction
    if not any(map(run.picture, (row.name for row in run.rows))):
        return []
    rankings = best_and_worst(run.rows, metric, direction)
    return [
        (f"{rank} by {metric_title(metric)}", [sample_picture(run, row) for row in rows])
        for rank, rows in zip(RANKS[direction], rankings, strict=True)
        if rows
    ]


def sample_picture(run: Run, row: Row) -> Picture:
    """Show a sample's picture, if there is one, with its headline metrics."""
    path = run.picture(row.name)
    names = [name for name in run.protocol.headline if name in row.metrics]
    metrics = (
        f"{metric_title(name)} {format_with_unit(row.metrics[name], run.metric_spec(name))}"
        for name in names
    )
    return Picture(data_uri(path) if path else "", row.name, ", ".join(metrics))


def data_uri(path: Path) -> str:
    """Return an image file as a data URI."""
    return f"data:{MIME_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
