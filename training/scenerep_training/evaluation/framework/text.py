"""Tables of a run as text for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenerep_training.evaluation.framework.ablation import interleave_ablations
from scenerep_training.evaluation.framework.runner import null_to_nan

JsonMetrics = Mapping[str, "float | None"]

MIN_COLUMN_WIDTH = 6
THREE_DECIMALS_BELOW = 10
"""Numbers from this size on are printed with two decimals instead of three."""


def format_run(run: Mapping[str, Any]) -> str:
    """Return the tables of a finished run, published results and failures as text.

    Each row is followed by the same metrics of the run's ablations.

    Args:
        run: content of run.json.
    """
    parts = [
        format_table(table["title"], interleave_ablations(table["rows"], _ablated_rows(run, index)))
        for index, table in enumerate(run["tables"])
    ]
    if run["published"]:
        parts.append(format_published(run))
    parts += [f"failed: {entry['name']}: {entry['reason']}" for entry in run["failures"]]
    parts.append(f"{run['samples']} samples, {len(run['failures'])} could not be read")
    return "\n\n".join(parts)


def format_table(title: str, rows: Mapping[str, JsonMetrics]) -> str:
    """Return a table with aligned columns; undefined and missing metrics are dashes.

    >>> print(format_table("mean", {"all": {"iou": 0.5, "ari": None}}))
    mean     iou     ari
    all    0.500       -
    """
    columns = list(dict.fromkeys(name for metrics in rows.values() for name in metrics))
    name_width = max(map(len, [title, *rows]))
    widths = [max(len(column), MIN_COLUMN_WIDTH) for column in columns]
    lines = [_format_line(title, columns, name_width, widths)]
    for name, metrics in rows.items():
        values = null_to_nan(metrics)
        cells = [_format_number(values.get(column)) for column in columns]
        lines.append(_format_line(name, cells, name_width, widths))
    return "\n".join(lines)


def format_published(run: Mapping[str, Any]) -> str:
    """Return published results in per cent, with those of the run and its ablations at the end."""
    names = list(dict.fromkeys(name for entry in run["published"] for name in entry["metrics"]))
    rows = {f"{entry['name']} ({entry['source']})": entry["metrics"] for entry in run["published"]}
    overall = {"this run": run["tables"][0]["rows"].get("all", {})}
    ablated = {name: {"this run": part["all"]} for name, part in _ablated_rows(run, 0).items()}
    measured = {
        row: {name: 100 * value for name, value in null_to_nan(metrics).items() if name in names}
        for row, metrics in interleave_ablations(overall, ablated).items()
    }
    return format_table("per cent", rows | measured)


def _ablated_rows(run: Mapping[str, Any], index: int) -> dict[str, Mapping[str, JsonMetrics]]:
    """Return the rows of a table of each ablation, by the ablation's name."""
    ablations = run.get("ablations", {}).items()
    return {name: part["tables"][index]["rows"] for name, part in ablations}


def _format_line(name: str, cells: list[str], name_width: int, widths: list[int]) -> str:
    padded = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([f"{name:<{name_width}}", *padded])


def _format_number(value: float | None) -> str:
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return "-"
    return f"{value:.3f}" if abs(value) < THREE_DECIMALS_BELOW else f"{value:.2f}"
