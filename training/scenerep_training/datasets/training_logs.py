"""Curves of a training run, from whatever wrote them."""

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
"""(n, 2) float64: step and value, by rising step; values are finite."""

COLUMNS = ("teacher_entropy", "kl", "feature_std", "effective_rank")
STEP = "step"
EVENTS = "events.out.tfevents*"
LOOKS_LIKE = (
    "a .csv or .jsonl file with the columns step and teacher_entropy, kl, feature_std or "
    "effective_rank, a TensorBoard event folder, or a folder of such"
)


def list_logs(path: Path) -> dict[str, Path]:
    """List logs by name: files, or the folders of TensorBoard's events.

    Raises:
        SourceError: if there is none.
    """
    if path.is_file():
        return {path.name: path}
    files = [*path.rglob("*.csv"), *path.rglob("*.jsonl")]
    folders = {events.parent for events in path.rglob(EVENTS)}
    found = {log.relative_to(path).as_posix(): log for log in sorted([*files, *folders])}
    if not found:
        raise SourceError(f"{path}: holds no training log; expected {LOOKS_LIKE}")
    return {path.name if name == "." else name: log for name, log in found.items()}


def read_curves(log: Path) -> dict[str, Curve]:
    """Read the curves that a log has, by the names in COLUMNS.

    A column may have a prefix ("train/kl"); a cell may be empty. The step is the entry's number
    where there is no such column.

    Raises:
        FrameError: if the log is missing or damaged, or has none of the columns.
    """
    entries = _read_events(log) if log.is_dir() else _read_file(log)
    curves = _curves(entries)
    if not curves:
        raise FrameError(f"{log}: has none of the columns {', '.join(COLUMNS)}")
    return curves


def _curves(entries: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    points: dict[str, list[tuple[float, float]]] = {}
    for number, entry in enumerate(entries):
        values = {name.rpartition("/")[2]: _number(value) for name, value in entry.items() if name}
        step = values.get(STEP, float(number))
        for name in COLUMNS:
            if np.isfinite(values.get(name, np.nan)):
                points.setdefault(name, []).append((step, values[name]))
    return {name: np.array(sorted(points[name])) for name in COLUMNS if name in points}


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _read_file(log: Path) -> list[Mapping[str, Any]]:
    try:
        lines = log.read_text().splitlines()
        if log.suffix == ".csv":
            return list(csv.DictReader(lines))
        return [_object(line) for line in lines if line.strip()]
    except (OSError, ValueError, csv.Error) as error:
        raise FrameError(f"{log}: cannot be read: {error}; expected {LOOKS_LIKE}") from error


def _object(line: str) -> Mapping[str, Any]:
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
