"""The report's own plots, each a function from runs to an <svg> element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import FRACTION, group_means
from scenerep_training.evaluation.metrics.pareto import pareto_front
from scenerep_training.evaluation.report.collect import Run
from scenerep_training.evaluation.report.compare import NO_DIFFERENCE, Comparison
from scenerep_training.evaluation.report.numbers import heading, title, with_unit

WIDTH = 5.2
"""Inches: two plots stand side by side on a desktop, and text stays readable on a phone."""
FEWEST = 5
"""Samples of which a distribution says more than their list."""
MOST_GROUPS = 24


def distribution(runs: Sequence[Run], figure: str) -> str | None:
    """Histogram of a figure over the samples, a row a run; None where there are too few samples."""
    quantity = runs[0].quantity(figure)
    scale = 100 if quantity.unit == FRACTION else 1
    values = [scale * _defined(run.values(figure)) for run in runs]
    if max(map(len, values)) < FEWEST:
        return None
    edges = np.histogram_bin_edges(np.concatenate(values), bins=20)
    with charts.new_figure(WIDTH, 0.9 + 1.1 * len(runs)) as drawing:
        panels = drawing.subplots(len(runs), sharex=True, squeeze=False)[:, 0]
        for index, (axes, run, column) in enumerate(zip(panels, runs, values, strict=True)):
            axes.hist(column, edges, color=charts.color(index), rwidth=0.92)
            if column.size:
                axes.axvline(column.mean(), color=charts.INK, linestyle="--", linewidth=1.2)
            axes.set_title(f"{run.label} (n = {column.size})")
            axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
            axes.grid(axis="x", visible=False)
        panels[-1].set_xlabel(heading(figure, quantity))
        drawing.supylabel("samples", fontsize="medium")
        return charts.svg_text(
            drawing,
            f"Histogram of {title(figure)} over the samples. "
            + "; ".join(
                f"{run.label}: mean {with_unit(_mean(run.values(figure)), quantity)}"
                for run in runs
            ),
        )


def group_bars(runs: Sequence[Run], figure: str) -> str | None:
    """Mean of a figure a group and run; of many groups, those where the first run is worst."""
    means = [_group_means(run, figure) for run in runs]
    quantity = runs[0].quantity(figure)
    groups = [group for group in means[0] if not np.isnan(means[0][group])]
    if len(groups) < 2:
        return None
    groups = sorted(groups, key=lambda group: means[0][group], reverse=quantity.better < 0)
    shown = groups[:MOST_GROUPS]
    scale = 100 if quantity.unit == FRACTION else 1
    thickness = 0.8 / len(runs)
    with charts.new_figure(WIDTH, 1.1 + len(shown) * (0.14 + 0.14 * len(runs))) as drawing:
        axes = drawing.subplots()
        for index, run in enumerate(runs):
            places = np.arange(len(shown)) + (index - (len(runs) - 1) / 2) * thickness
            bars = [scale * means[index].get(group, np.nan) for group in shown]
            drawn = axes.barh(places, bars, 0.9 * thickness, label=run.label)
            for bar in drawn:
                bar.set(facecolor=charts.color(index), hatch=charts.hatch(index), edgecolor="white")
                bar.set_linewidth(0)
        axes.set_yticks(range(len(shown)), [_short(group) for group in shown])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(heading(figure, quantity))
        if len(shown) < len(groups):
            axes.set_title(f"the {len(shown)} worst of {len(groups)} groups")
        if len(runs) > 1:
            drawing.legend(loc="outside lower left", ncols=1)
        description = f"Mean {title(figure)} of each group; the same figures are in the tables."
        return charts.svg_text(drawing, description)


def trade_off(runs: Sequence[Run], cost: str, quality: str) -> str | None:
    """Quality against cost, with the Pareto front; None where no sample has both."""
    samples = [(run, row) for run in runs for row in run.rows]
    points = np.array(
        [[row.figures.get(name, np.nan) for name in (cost, quality)] for _, row in samples]
    )
    samples = [sample for sample, point in zip(samples, points, strict=True) if _whole(point)]
    if not samples:
        return None
    quantities = [runs[0].quantity(name) for name in (cost, quality)]
    scale = [100 if quantity.unit == FRACTION else 1 for quantity in quantities]
    points = points[~np.isnan(points).any(axis=1)] * scale
    front = pareto_front(points[:, 0], quantities[1].better * points[:, 1])
    with charts.new_figure(1.5 * WIDTH, 4.2) as drawing:
        axes = drawing.subplots()
        axes.step(
            *points[front].T, where="post", color=charts.INK, linewidth=1, label="Pareto front"
        )
        for index, run in enumerate(runs):
            own = points[[sample[0] is run for sample in samples]]
            (dots,) = axes.plot(*own.T, charts.marker(index), label=run.label)
            dots.set_color(charts.color(index))
        for (_, row), point in zip(samples, points, strict=True):
            axes.annotate(row.name, point, xytext=(6, 3), textcoords="offset points")
        axes.set(xlabel=heading(cost, quantities[0]), ylabel=heading(quality, quantities[1]))
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.margins(0.15)
        drawing.legend(loc="outside lower left", ncols=1)
        best = ", ".join(samples[index][1].name for index in front)
        return charts.svg_text(
            drawing, f"{title(quality)} against {title(cost)}; none beats {best} in both."
        )


def differences(comparison: Comparison, run: Run) -> str | None:
    """Intervals of the differences that are shares, above and below zero."""
    shown = [
        part
        for part in comparison.differences
        if run.quantity(part.figure).unit == FRACTION and not np.isnan(part.low)
    ]
    if not shown:
        return None
    with charts.new_figure(WIDTH, 0.9 + 0.26 * len(shown)) as drawing:
        axes = drawing.subplots()
        for row, part in enumerate(shown):
            shade = charts.INK if part.verdict == NO_DIFFERENCE else charts.color(0)
            axes.plot([100 * part.low, 100 * part.high], [row, row], color=shade, linewidth=2)
            axes.plot(100 * part.change, row, "o", color=shade)
        axes.axvline(0, color=charts.INK, linewidth=1)
        axes.set_yticks(range(len(shown)), [title(part.figure) for part in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("difference and 95 % interval, percentage points")
        description = (
            f"Differences from {comparison.base} to {comparison.other}, as in the table beside."
        )
        return charts.svg_text(drawing, description)


def _group_means(run: Run, figure: str) -> dict[str, float]:
    groups = group_means(run.rows).rows
    return {name: part.get(figure, np.nan) for name, part in groups.items() if name != "all"}


def _defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _whole(values: NDArray[np.float64]) -> bool:
    return not np.isnan(values).any()


def _mean(values: NDArray[np.float64]) -> float:
    held = _defined(values)
    return float(held.mean()) if held.size else float("nan")


def _short(text: str, most: int = 28) -> str:
    return text if len(text) <= most else f"…{text[1 - most :]}"
