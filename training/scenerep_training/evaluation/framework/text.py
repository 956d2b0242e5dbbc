"""A run's tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenerep_training.evaluation.framework.runner import undefined_as_nan

Figures = Mapping[str, "float | None"]


def run_text(run: Mapping[str, Any]) -> str:
    """Return a finished run as text: its tables, published figures beside ours, what failed.

    Args:
        run: content of run.json.
    """
    parts = [table_text(table["title"], table["rows"]) for table in run["tables"]]
    if run["published"]:
        parts.append(published_text(run))
    parts += [f"failed: {entry['name']}: {entry['reason']}" for entry in run["failures"]]
    parts.append(f"{run['samples']} samples, {len(run['failures'])} could not be read")
    return "\n\n".join(parts)


def table_text(title: str, rows: Mapping[str, Figures]) -> str:
    """Return a table with aligned columns; a figure that is undefined, or absent, is a dash."""
    columns = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    first = max(map(len, [title, *rows]))
    widths = [max(len(column), 6) for column in columns]
    lines = [_line(title, columns, first, widths)]
    for name, figures in rows.items():
        values = undefined_as_nan(figures)
        lines.append(_line(name, [_number(values.get(c)) for c in columns], first, widths))
    return "\n".join(lines)


def published_text(run: Mapping[str, Any]) -> str:
    """Return the published figures, in per cent, and ours of the same names below them."""
    names = list(dict.fromkeys(name for entry in run["published"] for name in entry["figures"]))
    rows = {f"{entry['name']} ({entry['source']})": entry["figures"] for entry in run["published"]}
    ours = run["tables"][0]["rows"].get("all", {})
    measured = {
        name: 100 * value for name, value in undefined_as_nan(ours).items() if name in names
    }
    return table_text("per cent", rows | {"this run": measured})


def _line(name: str, cells: list[str], first: int, widths: list[int]) -> str:
    padded = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([f"{name:<{first}}", *padded])


def _number(value: float | None) -> str:
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return "-"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"
