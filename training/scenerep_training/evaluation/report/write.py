"""Writer of the report: the HTML page, report.json and report.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.run_folder import to_json
from scenerep_training.evaluation.report.bootstrap import LEVEL, MIN_UNITS, RESAMPLES
from scenerep_training.evaluation.report.collect import Run, collect_runs
from scenerep_training.evaluation.report.compare import (
    Comparison,
    compare_all,
    group_by_protocol,
)
from scenerep_training.evaluation.report.grids import headline_interval, summary_grid
from scenerep_training.evaluation.report.ranking import best_and_worst
from scenerep_training.evaluation.report.view import build_section


def write_report(folders: Sequence[Path], path: Path) -> list[Run]:
    """Write one page of all runs, and the same numbers as JSON and as CSV beside it.

    Args:
        folders: of runs of any protocols; runs of one protocol are compared with the first of them.
        path: of the page; the JSON and CSV files have the same name with another suffix.

    Returns:
        The runs.

    Raises:
        ConfigError: if a folder is not a run's.
        ScenerepError: if path cannot be written.
    """
    runs = collect_runs(folders)
    comparisons = compare_all(runs)
    write_atomically(path, render_page(runs, comparisons).encode())
    content = to_json(report_content(runs, comparisons))
    write_atomically(path.with_suffix(".json"), content.encode())
    write_atomically(path.with_suffix(".csv"), table_csv(runs).encode())
    return runs


def table_csv(runs: Sequence[Run]) -> str:
    """Return the tables of all runs and ablations as CSV, one line a metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "protocol", "ablation", "table", "row", "metric", "value"])
    for run in runs:
        for ablation, part in {"": run, **run.ablations}.items():
            for table in part.tables:
                for row, metrics in table.rows.items():
                    head = [run.label, run.protocol.name, ablation, table.title, row]
                    writer.writerows([*head, *item] for item in metrics.items())
    return text.getvalue()


def render_page(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> str:
    """Return the page as self-contained HTML."""
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    anchors = {run.label: f"run-{index}" for index, run in enumerate(runs, 1)}
    return environment.get_template("report.html.j2").render(
        written_at=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        summary=summary_grid(runs, comparisons),
        anchors=list(anchors.values()),
        sections=[
            build_section(group, [anchors[run.label] for run in group], comparisons)
            for group in group_by_protocol(runs).values()
        ],
        resamples=RESAMPLES,
        level=LEVEL,
        min_units=MIN_UNITS,
    )


def report_content(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return the numbers of the page in JSON types."""
    return {
        "runs": [run_content(run) for run in runs],
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "bootstrap": {"resamples": RESAMPLES, "level": LEVEL, "seed": 0},
    }


def run_content(run: Run) -> dict[str, Any]:
    """Return the numbers of one run in JSON types."""
    headline = run.protocol.headline[0]
    best, worst = best_and_worst(run.rows, headline, run.metric_spec(headline).direction)
    value, low, high = headline_interval(run)
    return {
        "label": run.label,
        "protocol": run.protocol.name,
        "complete": run.is_complete,
        "notes": run.notes,
        "samples": len(run.rows),
        "failures": [{"name": name, "reason": reason} for name, reason in run.failures],
        "headline": {"metric": headline, "value": value, "low": low, "high": high},
        "tables": [asdict(table) for table in run.tables],
        "ablations": {
            name: {
                "complete": part.is_complete,
                "samples": len(part.rows),
                "tables": [asdict(table) for table in part.tables],
            }
            for name, part in run.ablations.items()
        },
        "published": [asdict(entry) for entry in run.protocol.published],
        "best": [row.name for row in best],
        "worst": [row.name for row in worst],
        "settings": run.settings,
    }
