"""Plots of the report page: functions from runs to an <svg> element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import FRACTION, MetricSpec, Row, group_means
from scenerep_training.evaluation.metrics.pareto import pareto_front
from scenerep_training.evaluation.report.collect import Run
from scenerep_training.evaluation.report.compare import NO_DIFFERENCE, Comparison, Difference
from scenerep_training.evaluation.report.numbers import (
    column_heading,
    format_with_unit,
    metric_title,
)

WIDTH = 5.2
"""Width in inches: two plots fit side by side on a desktop, and text is readable on a phone."""
MIN_SAMPLES = 5
"""Samples from which on a distribution is more informative than their list."""
MAX_GROUPS = 24
MAX_LABEL_LENGTH = 28


def plot_distribution(runs: Sequence[Run], metric: str) -> str | None:
    """Plot a histogram of a metric over the samples, one row a run; None with too few samples."""
    spec = runs[0].metric_spec(metric)
    values = [_display_scale(spec) * _defined(run.values(metric)) for run in runs]
    if max(map(len, values)) < MIN_SAMPLES:
        return None
    edges = np.histogram_bin_edges(np.concatenate(values), bins=20)
    with charts.new_figure(WIDTH, 0.9 + 1.1 * len(runs)) as figure:
        panels = figure.subplots(len(runs), sharex=True, squeeze=False)[:, 0]
        for index, (axes, run, column) in enumerate(zip(panels, runs, values, strict=True)):
            axes.hist(column, edges, color=charts.color(index), rwidth=0.92)
            if column.size:
                axes.axvline(column.mean(), color=charts.INK, linestyle="--", linewidth=1.2)
            axes.set_title(f"{run.label} (n = {column.size})")
            axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
            axes.grid(axis="x", visible=False)
        panels[-1].set_xlabel(column_heading(metric, spec))
        figure.supylabel("samples", fontsize="medium")
        means = "; ".join(
            f"{run.label}: mean {format_with_unit(_mean(run.values(metric)), spec)}" for run in runs
        )
        description = f"Histogram of {metric_title(metric)} over the samples. {means}"
        return charts.svg_text(figure, description)


def plot_groups(runs: Sequence[Run], metric: str) -> str | None:
    """Plot the mean of a metric for each group and run; None with a single group.

    Of more than MAX_GROUPS groups, those with the worst value in the first run are shown.
    """
    means = [_means_by_group(run, metric) for run in runs]
    spec = runs[0].metric_spec(metric)
    groups = [group for group in means[0] if not np.isnan(means[0][group])]
    if len(groups) < 2:
        return None
    groups = sorted(groups, key=lambda group: means[0][group], reverse=spec.direction < 0)
    shown = groups[:MAX_GROUPS]
    scale = _display_scale(spec)
    thickness = 0.8 / len(runs)
    with charts.new_figure(WIDTH, 1.1 + len(shown) * (0.14 + 0.14 * len(runs))) as figure:
        axes = figure.subplots()
        for index, run in enumerate(runs):
            positions = np.arange(len(shown)) + (index - (len(runs) - 1) / 2) * thickness
            lengths = [scale * means[index].get(group, np.nan) for group in shown]
            for bar in axes.barh(positions, lengths, 0.9 * thickness, label=run.label):
                bar.set(facecolor=charts.color(index), hatch=charts.hatch(index), edgecolor="white")
                bar.set_linewidth(0)
        axes.set_yticks(range(len(shown)), [_shorten(group) for group in shown])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(column_heading(metric, spec))
        if len(shown) < len(groups):
            axes.set_title(f"the {len(shown)} worst of {len(groups)} groups")
        if len(runs) > 1:
            figure.legend(loc="outside lower left", ncols=1)
        description = f"Mean {metric_title(metric)} of each group; the tables hold the same values."
        return charts.svg_text(figure, description)


def plot_trade_off(runs: Sequence[Run], cost: str, quality: str) -> str | None:
    """Plot quality against cost, with the Pareto front; None if no sample has both."""
    samples, points = _samples_with_both(runs, cost, quality)
    if not samples:
        return None
    cost_spec, quality_spec = (runs[0].metric_spec(name) for name in (cost, quality))
    points = points * [_display_scale(cost_spec), _display_scale(quality_spec)]
    front = pareto_front(points[:, 0], quality_spec.direction * points[:, 1])
    with charts.new_figure(1.5 * WIDTH, 4.2) as figure:
        axes = figure.subplots()
        axes.step(
            *points[front].T, where="post", color=charts.INK, linewidth=1, label="Pareto front"
        )
        for index, run in enumerate(runs):
            run_points = points[[sample[0] is run for sample in samples]]
            (line,) = axes.plot(*run_points.T, charts.marker(index), label=run.label)
            line.set_color(charts.color(index))
        for (_, row), point in zip(samples, points, strict=True):
            axes.annotate(row.name, point, xytext=(6, 3), textcoords="offset points")
        axes.set(
            xlabel=column_heading(cost, cost_spec), ylabel=column_heading(quality, quality_spec)
        )
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.margins(0.15)
        figure.legend(loc="outside lower left", ncols=1)
        names = ", ".join(samples[index][1].name for index in front)
        description = (
            f"{metric_title(quality)} against {metric_title(cost)}. Pareto front: {names}."
        )
        return charts.svg_text(figure, description)


def plot_differences(comparison: Comparison, run: Run) -> str | None:
    """Plot the intervals of the differences that are fractions; None without any."""
    shown = [part for part in comparison.differences if _is_fraction_with_interval(part, run)]
    if not shown:
        return None
    with charts.new_figure(WIDTH, 0.9 + 0.26 * len(shown)) as figure:
        axes = figure.subplots()
        for row, part in enumerate(shown):
            color = charts.INK if part.verdict == NO_DIFFERENCE else charts.color(0)
            axes.plot([100 * part.low, 100 * part.high], [row, row], color=color, linewidth=2)
            axes.plot(100 * part.change, row, "o", color=color)
        axes.axvline(0, color=charts.INK, linewidth=1)
        axes.set_yticks(range(len(shown)), [metric_title(part.metric) for part in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("difference and 95 % interval, percentage points")
        description = (
            f"Differences from {comparison.base} to {comparison.other}, as in the table beside."
        )
        return charts.svg_text(figure, description)


def _samples_with_both(
    runs: Sequence[Run], first: str, second: str
) -> tuple[list[tuple[Run, Row]], NDArray[np.float64]]:
    """Return the m samples that define both metrics, and their values (m, 2)."""
    samples = [(run, row) for run in runs for row in run.rows]
    values = [[row.metrics.get(name, np.nan) for name in (first, second)] for _, row in samples]
    points = np.array(values, np.float64).reshape(-1, 2)
    is_defined = np.asarray(~np.isnan(points).any(axis=1))
    defined_samples = [sample for sample, keep in zip(samples, is_defined, strict=True) if keep]
    return defined_samples, points[is_defined]


def _means_by_group(run: Run, metric: str) -> dict[str, float]:
    groups = group_means(run.rows).rows
    return {name: means.get(metric, np.nan) for name, means in groups.items() if name != "all"}


def _is_fraction_with_interval(part: Difference, run: Run) -> bool:
    return run.metric_spec(part.metric).unit == FRACTION and not np.isnan(part.low)


def _display_scale(spec: MetricSpec) -> int:
    """Return the factor from a stored to a displayed value: fractions are shown in per cent."""
    return 100 if spec.unit == FRACTION else 1


def _defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _mean(values: NDArray[np.float64]) -> float:
    defined = _defined(values)
    return float(defined.mean()) if defined.size else float("nan")


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_LABEL_LENGTH else f"…{text[1 - MAX_LABEL_LENGTH :]}"
