"""Tables of the report page as text cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scenerep_training.evaluation.framework.protocol import Metrics, PublishedResult
from scenerep_training.evaluation.report.bootstrap import mean_intervals
from scenerep_training.evaluation.report.collect import Run
from scenerep_training.evaluation.report.compare import Comparison, setting_differences
from scenerep_training.evaluation.report.numbers import (
    DASH,
    column_heading,
    format_difference,
    format_value,
    format_with_unit,
    metric_title,
)


@dataclass(frozen=True)
class Grid:
    """Table of text cells; the first cell of a row is its head."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    published: list[list[str]] = field(default_factory=list)


def summary_grid(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Grid:
    """List the runs: protocol, data, first headline metric and its change."""
    columns = ["run", "protocol", "data", "samples", "failed", "first metric", "95 % interval"]
    comparison_by_run = {comparison.other: comparison for comparison in comparisons}
    rows = [
        [*_summary_cells(run), *_change_cells(run, comparison_by_run.get(run.label))]
        for run in runs
    ]
    return Grid("runs", [*columns, "change from first run", "verdict"], rows)


def results_grid(runs: Sequence[Run]) -> Grid:
    """List the overall metrics of each run and its ablations, then the published results."""
    metrics = list(
        dict.fromkeys(name for run in runs for name in [*run.metric_names, *run.overall])
    )
    measured = [part for run in runs for part in (run, *run.ablations.values()) if part.tables]
    rows = [[run.label, *_metric_cells(run.overall, metrics, run)] for run in measured]
    published = [
        [f"{entry.name} ({entry.source})", *_metric_cells(_to_fractions(entry), metrics, runs[0])]
        for entry in runs[0].protocol.published
    ]
    return Grid("overall", _headings(metrics, runs[0]), rows, published)


def comparison_grid(comparison: Comparison, run: Run) -> Grid:
    """List the differences of two runs, one row a metric.

    Args:
        comparison: of the two runs.
        run: either of them, for the units of metrics.
    """
    rows = []
    for part in comparison.differences:
        spec = run.metric_spec(part.metric)
        values = [format_value(value, spec) for value in (part.before, part.after)]
        bounds = [format_difference(value, spec) for value in (part.low, part.high)]
        interval = DASH if np.isnan(part.low) else " to ".join(bounds)
        change = format_difference(part.change, spec)
        sizes = f"{part.samples}" + (f" in {part.units}" if part.units < part.samples else "")
        heading = column_heading(part.metric, spec)
        rows.append([heading, *values, change, interval, part.verdict, sizes])
    columns = [comparison.base, comparison.other, "difference", "95 % interval"]
    return Grid("difference", ["metric", *columns, "verdict", "samples"], rows)


def setting_differences_grid(runs: Sequence[Run]) -> Grid | None:
    """List the settings that differ between the runs; None without any."""
    changed = setting_differences(runs)
    if not changed:
        return None
    rows = [[name, *(value or DASH for value in values)] for name, values in changed.items()]
    return Grid("settings that differ", ["setting", *(run.label for run in runs)], rows)


def table_grid(run: Run, index: int) -> Grid:
    """Convert one of the protocol's own tables, with the rows of the run's ablations."""
    table = run.tables[index]
    metrics = list(dict.fromkeys(name for row in table.rows.values() for name in row))
    rows = [
        [name, *_metric_cells(row, metrics, run)] for name, row in run.with_ablations(index).items()
    ]
    return Grid(table.title, _headings(metrics, run), rows)


def settings_grid(run: Run) -> Grid:
    """List all settings but the command, which the page shows separately."""
    groups = {name: value for name, value in run.settings.items() if name != "command"}
    rows = [
        [f"{group}: {name}" if name else group, _to_text(setting)]
        for group, value in groups.items()
        for name, setting in (value.items() if isinstance(value, dict) else [("", value)])
    ]
    return Grid("settings", ["setting", "value"], rows)


def headline_interval(run: Run) -> tuple[float, float, float]:
    """Return the overall value of the first headline metric, and the bounds of its interval.

    The bounds are NaN if the metric is no mean over samples or the samples are too few.
    """
    metric = run.protocol.headline[0]
    values = run.values(metric)
    overall = run.overall.get(metric, np.nan)
    defined = values[~np.isnan(values)]
    if not defined.size or not np.isclose(defined.mean(), overall):
        return overall, np.nan, np.nan
    units = [run.protocol.resampling_unit(row.name) for row in run.rows]
    low, high = mean_intervals(values[:, None], units)[0]
    return overall, float(low), float(high)


def _summary_cells(run: Run) -> list[str]:
    metric = run.protocol.headline[0]
    spec = run.metric_spec(metric)
    value, low, high = headline_interval(run)
    interval = " to ".join(format_value(bound, spec) for bound in (low, high))
    state = "" if run.is_complete else " (unfinished)"
    return [
        run.label,
        run.protocol.name,
        run.data,
        f"{len(run.rows)}{state}",
        str(len(run.failures)),
        f"{metric_title(metric)} {format_with_unit(value, spec)}",
        DASH if np.isnan(low) else interval,
    ]


def _change_cells(run: Run, comparison: Comparison | None) -> list[str]:
    metric = run.protocol.headline[0]
    part = comparison.difference(metric) if comparison else None
    if part is None:
        return [DASH, "not compared" if comparison else DASH]
    return [format_difference(part.change, run.metric_spec(metric)), part.verdict]


def _to_fractions(entry: PublishedResult) -> Metrics:
    return {name: value / 100 for name, value in entry.metrics.items()}


def _headings(metrics: Sequence[str], run: Run) -> list[str]:
    return ["", *(column_heading(metric, run.metric_spec(metric)) for metric in metrics)]


def _metric_cells(values: Metrics, metrics: Sequence[str], run: Run) -> list[str]:
    return [format_value(values.get(metric), run.metric_spec(metric)) for metric in metrics]


def _to_text(value: Any) -> str:
    if value is None:
        return DASH
    return value if isinstance(value, str) else json.dumps(value)
