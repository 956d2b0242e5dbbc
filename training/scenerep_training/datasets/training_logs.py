"""Curves of a training run, from CSV, JSON lines or TensorBoard events."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError

Curve = NDArray[np.float64]
"""(n, 2) float64 steps and finite values, sorted by step."""

COLUMNS = ("teacher_entropy", "kl", "feature_std", "effective_rank")
STEP = "step"
EVENTS = "events.out.tfevents*"
FORMAT_DESCRIPTION = (
    "a .csv or .jsonl file with the columns step and teacher_entropy, kl, feature_std or "
    "effective_rank, a TensorBoard event folder, or a folder of such"
)


def list_logs(path: Path) -> dict[str, Path]:
    """List logs by name: files, or folders of TensorBoard events.

    Raises:
        SourceError: if there is none.
    """
    if path.is_file():
        return {path.name: path}
    files = [*path.rglob("*.csv"), *path.rglob("*.jsonl")]
    folders = {events.parent for events in path.rglob(EVENTS)}
    logs = {log.relative_to(path).as_posix(): log for log in sorted([*files, *folders])}
    if not logs:
        raise SourceError(f"{path}: holds no training log; expected {FORMAT_DESCRIPTION}")
    return {path.name if name == "." else name: log for name, log in logs.items()}


def read_curves(log: Path) -> dict[str, Curve]:
    """Read the curves of a log, by the names in COLUMNS.

    A column may have a prefix ("train/kl"), and a cell may be empty. Without a column of steps, the
    index of the entry is the step.

    Raises:
        FrameError: if the log is missing or damaged, or has none of the columns.
    """
    entries = _read_events(log) if log.is_dir() else _read_file(log)
    curves = _collect_curves(entries)
    if not curves:
        raise FrameError(f"{log}: has none of the columns {', '.join(COLUMNS)}")
    return curves


def _collect_curves(entries: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    points: dict[str, list[tuple[float, float]]] = {}
    for index, entry in enumerate(entries):
        values = {
            name.rpartition("/")[2]: _to_float(value) for name, value in entry.items() if name
        }
        step = values.get(STEP, float(index))
        for name in COLUMNS:
            if np.isfinite(values.get(name, np.nan)):
                points.setdefault(name, []).append((step, values[name]))
    return {name: np.array(sorted(points[name])) for name in COLUMNS if name in points}


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _read_file(log: Path) -> list[Mapping[str, Any]]:
    try:
        lines = log.read_text().splitlines()
        if log.suffix == ".csv":
            return list(csv.DictReader(lines))
        return [_parse_object(line) for line in lines if line.strip()]
    except (OSError, ValueError, csv.Error) as error:
        raise FrameError(
            f"{log}: cannot be read: {error}; expected {FORMAT_DESCRIPTION}"
        ) from error


def _parse_object(line: str) -> Mapping[str, Any]:
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise ValueError("a line is no JSON object")
    return entry


def _read_events(folder: Path) -> list[Mapping[str, Any]]:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise FrameError(
            f"{folder}: holds TensorBoard events, which need the package tensorboard; install it, "
            "or log to a .csv file as well"
        ) from error
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return [
        {STEP: event.step, tag: event.value}
        for tag in events.Tags()["scalars"]
        for event in events.Scalars(tag)
    ]
