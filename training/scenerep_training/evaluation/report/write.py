"""Writes the page and report.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.run_folder import json_text
from scenerep_training.evaluation.report.bootstrap import LEVEL, MIN_UNITS, RESAMPLES
from scenerep_training.evaluation.report.collect import Run, collect_runs
from scenerep_training.evaluation.report.compare import Comparison, by_protocol, compare_all
from scenerep_training.evaluation.report.grids import headline_interval, summary_grid
from scenerep_training.evaluation.report.ranking import best_and_worst
from scenerep_training.evaluation.report.view import section


def write_report(folders: Sequence[Path], path: Path) -> list[Run]:
    """Write one page of all runs, and the same figures as JSON beside it; returns the runs.

    Args:
        folders: of runs, of any protocols; of those of one protocol, the first one is what the
            others are compared with.
        path: of the page; the JSON file has its name, with the suffix .json.

    Raises:
        ConfigError: naming a folder that is no run's.
        ScenerepError: if path cannot be written.
    """
    runs = collect_runs(folders)
    comparisons = compare_all(runs)
    write_atomically(path, page(runs, comparisons).encode())
    write_atomically(path.with_suffix(".json"), json_text(figures(runs, comparisons)).encode())
    return runs


def page(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> str:
    """Return the page as HTML, which refers to nothing outside itself."""
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    anchors = {run.label: f"run-{index}" for index, run in enumerate(runs, 1)}
    return environment.get_template("report.html.j2").render(
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        summary=summary_grid(runs, comparisons),
        anchors=list(anchors.values()),
        sections=[
            section(group, [anchors[run.label] for run in group], comparisons)
            for group in by_protocol(runs).values()
        ],
        resamples=RESAMPLES,
        level=LEVEL,
        min_units=MIN_UNITS,
    )


def figures(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return what the page says as numbers, fit for JSON."""
    return {
        "runs": [run_figures(run) for run in runs],
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "bootstrap": {"resamples": RESAMPLES, "level": LEVEL, "seed": 0},
    }


def run_figures(run: Run) -> dict[str, Any]:
    """Return one run's figures."""
    headline = run.protocol.headline[0]
    best, worst = best_and_worst(run.rows, headline, run.quantity(headline).better)
    value, low, high = headline_interval(run)
    return {
        "label": run.label,
        "protocol": run.protocol.name,
        "complete": run.complete,
        "notes": run.notes,
        "samples": len(run.rows),
        "failures": [{"name": name, "reason": reason} for name, reason in run.failures],
        "headline": {"figure": headline, "value": value, "low": low, "high": high},
        "tables": [asdict(table) for table in run.tables],
        "published": [asdict(entry) for entry in run.protocol.published],
        "best": [row.name for row in best],
        "worst": [row.name for row in worst],
        "settings": run.settings,
    }
