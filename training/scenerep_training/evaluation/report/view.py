"""What the page shows, as plain texts and pictures: everything the template needs, no more."""

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
    changed_grid,
    comparison_grid,
    results_grid,
    settings_grid,
    table_grid,
)
from scenerep_training.evaluation.report.numbers import title, with_unit
from scenerep_training.evaluation.report.ranking import best_and_worst

MIME = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
RANKS = {1: ("Best", "Worst"), -1: ("Best", "Worst"), 0: ("Highest", "Lowest")}


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


def section_plots(runs: Sequence[Run]) -> list[Markup]:
    """Plots that show all runs of a protocol."""
    headline = runs[0].protocol.headline[0]
    drawn = [plots.distribution(runs, headline), plots.group_bars(runs, headline)]
    if runs[0].protocol.trade_off and len(runs) > 1:  # one run shows its own
        drawn.append(plots.trade_off(runs, *runs[0].protocol.trade_off))
    return [Markup(text) for text in drawn if text]


def comparison_view(base: Run, comparison: Comparison) -> ComparisonView:
    """Show the differences of two runs."""
    drawn = plots.differences(comparison, base)
    grid = comparison_grid(comparison, base)
    return ComparisonView(comparison, grid, Markup(drawn) if drawn else None)


def run_view(run: Run, anchor: str) -> RunView:
    """Show one run."""
    return RunView(
        run=run,
        anchor=anchor,
        tables=[table_grid(table, run) for table in run.tables if set(table.rows) != {"all"}],
        plots=[Picture(data_uri(path), path.stem) for path in run.plots],
        galleries=galleries(run),
        settings=settings_grid(run),
    )


def galleries(run: Run) -> list[tuple[str, list[Picture]]]:
    """Best and worst samples by the first figure of the headline; none if a run has no picture."""
    figure = run.protocol.headline[0]
    better = run.quantity(figure).better
    if not any(map(run.picture, (row.name for row in run.rows))):
        return []
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


def data_uri(path: Path) -> str:
    """Return a picture's file as a data URI."""
    return f"data:{MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
