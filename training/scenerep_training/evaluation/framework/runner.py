"""Runs any protocol: resumes, names and counts what cannot be read, keeps rows, writes run.json.

A run's folder holds `settings.json` (what was asked), `rows.jsonl` (one line a sample, appended as
it is measured), `failures.jsonl`, `pictures/*.jpg` and, when all samples are done, `run.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.run_folder import claim, json_text
from scenerep_training.evaluation.framework.journal import Journal
from scenerep_training.evaluation.framework.protocol import Protocol, Row

PICTURE_WIDTH = 960
"""Pixels: three images side by side stay readable, and a report of twenty pictures small."""


def run_protocol(
    protocol: Protocol, folder: Path, settings: Mapping[str, Any], limit: int | None = None
) -> dict[str, Any]:
    """Measure every sample that `folder` does not hold yet, then summarise; returns run.json.

    Args:
        protocol: what is measured.
        folder: of this run; an interrupted run in it is resumed.
        settings: everything that could change a figure: data, options, seed, versions, machine;
            and the command.
        limit: measure only the first so many samples.

    Raises:
        ConfigError: if folder holds a run with other settings.
        SourceError: if no sample could be measured.
    """
    claim(folder, settings)
    for journal in (rows_journal(folder), failures_journal(folder)):
        journal.repair()
    protocol.folder = folder
    samples = list(protocol.samples())[:limit]
    done = {row.name for row in read_rows(folder)} | {name for name, _ in read_failures(folder)}
    for sample in tqdm(samples, desc=protocol.name, unit="sample"):
        if sample not in done:
            _measure(protocol, sample, folder)
    return _conclude(protocol, folder, settings, samples)


def _measure(protocol: Protocol, sample: str, folder: Path) -> None:
    try:
        result = protocol.evaluate(sample)
    except FrameError as error:
        tqdm.write(f"skipped {sample}: {error}")
        failures_journal(folder).append({"name": sample, "reason": str(error)})
        return
    if result.picture is not None:
        write_picture(picture_path(folder, sample), result.picture)
    row = Row(sample, protocol.group(sample), result.figures)
    rows_journal(folder).append(asdict(row))


def _conclude(
    protocol: Protocol, folder: Path, settings: Mapping[str, Any], samples: list[str]
) -> dict[str, Any]:
    wanted = set(samples)
    rows = [row for row in read_rows(folder) if row.name in wanted]
    failures = [failure for failure in read_failures(folder) if failure[0] in wanted]
    if not rows:
        reason = failures[0][1] if failures else "there is none"
        raise SourceError(f"{protocol.name}: none of {len(samples)} samples was measured: {reason}")
    run = {
        "protocol": protocol.name,
        "headline": list(protocol.headline),
        "settings": dict(settings),
        "samples": len(samples),
        "failures": [{"name": name, "reason": reason} for name, reason in failures],
        "tables": [asdict(table) for table in protocol.summary(rows)],
        "published": [asdict(entry) for entry in protocol.published],
    }
    write_atomically(folder / "run.json", json_text(run).encode())
    return run


def picture_path(folder: Path, sample: str) -> Path:
    """Where a sample's picture lies."""
    return folder / "pictures" / f"{sample.replace('/', '__')}.jpg"


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an RGB picture as a JPEG of the report's width."""
    height = round(picture.shape[0] * PICTURE_WIDTH / picture.shape[1])
    small = cv2.resize(picture, (PICTURE_WIDTH, max(1, height)), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(small[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85]
    )
    write_atomically(path, data.tobytes())


def rows_journal(folder: Path) -> Journal:
    """Measured samples of a run."""
    return Journal(folder / "rows.jsonl")


def failures_journal(folder: Path) -> Journal:
    """Samples of a run that could not be read."""
    return Journal(folder / "failures.jsonl")


def read_rows(folder: Path) -> list[Row]:
    """Rows measured so far; a figure that is undefined is NaN."""
    return [
        Row(entry["name"], entry["group"], undefined_as_nan(entry["figures"]))
        for entry in rows_journal(folder).read()
    ]


def read_failures(folder: Path) -> list[tuple[str, str]]:
    """Samples that could not be read, and why."""
    return [(entry["name"], entry["reason"]) for entry in failures_journal(folder).read()]


def undefined_as_nan(figures: Mapping[str, float | None]) -> dict[str, float]:
    """Turn figures as JSON keeps them, undefined ones as null, into numbers."""
    return {name: float("nan") if value is None else value for name, value in figures.items()}
