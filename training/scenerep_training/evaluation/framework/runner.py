"""Runner of any protocol: resumes, counts unreadable samples, stores rows, writes run.json.

A run's folder holds `settings.json` (the requested settings), `rows.jsonl` (one line a sample,
appended as it is measured), `failures.jsonl`, `pictures/*.jpg` and, when all samples are done,
`run.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.run_folder import claim_run_folder, to_json
from scenerep_training.evaluation.framework.journal import Journal
from scenerep_training.evaluation.framework.protocol import Protocol, Row

PICTURE_WIDTH_PX = 960
"""Three images side by side stay readable, and a report of twenty pictures stays small."""
JPEG_QUALITY = 85


@dataclass(frozen=True)
class ProtocolRun:
    """One run of a protocol.

    Attributes:
        protocol: the protocol.
        folder: of the run; an interrupted run in it is resumed.
        settings: everything that can change a metric (data, options, seed, versions, machine), and
            the command.
    """

    protocol: Protocol
    folder: Path
    settings: Mapping[str, Any]


def run_protocol(
    protocol: Protocol, folder: Path, settings: Mapping[str, Any], limit: int | None = None
) -> dict[str, Any]:
    """Measure every sample that the folder does not hold yet, and summarize the run.

    Args:
        protocol: protocol to run.
        folder: of this run; an interrupted run in it is resumed.
        settings: as of `ProtocolRun`.
        limit: number of samples to measure; None measures all.

    Returns:
        Content of run.json.

    Raises:
        ConfigError: if folder holds a run with other settings.
        SourceError: if no sample could be measured.
    """
    return run_protocols([ProtocolRun(protocol, folder, settings)], limit)[0]


def run_protocols(runs: Sequence[ProtocolRun], limit: int | None = None) -> list[dict[str, Any]]:
    """Measure each sample in several runs before the next sample, so that they can share its features.

    Args:
        runs: runs of protocols with equal samples.
        limit: number of samples to measure; None measures all.

    Returns:
        Content of run.json of each run.

    Raises:
        ConfigError: if a folder holds a run with other settings.
        SourceError: if no sample could be measured.
    """
    for run in runs:
        claim_run_folder(run.folder, run.settings)
        for journal in (rows_journal(run.folder), failures_journal(run.folder)):
            journal.repair()
        run.protocol.folder = run.folder
    samples = list(runs[0].protocol.samples())[:limit]
    done = [_measured_samples(run.folder) for run in runs]
    for sample in tqdm(samples, desc=runs[0].protocol.name, unit="sample"):
        for run, names in zip(runs, done, strict=True):
            if sample not in names:
                _evaluate_sample(run.protocol, sample, run.folder)
    return [_summarize(run.protocol, run.folder, run.settings, samples) for run in runs]


def _measured_samples(folder: Path) -> set[str]:
    return {row.name for row in read_rows(folder)} | {name for name, _ in read_failures(folder)}


def _evaluate_sample(protocol: Protocol, sample: str, folder: Path) -> None:
    try:
        result = protocol.evaluate(sample)
    except FrameError as error:
        tqdm.write(f"skipped {sample}: {error}")
        failures_journal(folder).append({"name": sample, "reason": str(error)})
        return
    if result.picture is not None:
        write_picture(picture_path(folder, sample), result.picture)
    row = Row(sample, protocol.group(sample), result.metrics)
    rows_journal(folder).append(asdict(row))


def _summarize(
    protocol: Protocol, folder: Path, settings: Mapping[str, Any], samples: list[str]
) -> dict[str, Any]:
    requested = set(samples)
    rows = [row for row in read_rows(folder) if row.name in requested]
    failures = [failure for failure in read_failures(folder) if failure[0] in requested]
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
    write_atomically(folder / "run.json", to_json(run).encode())
    return run


def picture_path(folder: Path, sample: str) -> Path:
    """Return the path of a sample's picture."""
    return folder / "pictures" / f"{sample.replace('/', '__')}.jpg"


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an RGB picture as a JPEG of the report's width."""
    height = round(picture.shape[0] * PICTURE_WIDTH_PX / picture.shape[1])
    small = cv2.resize(picture, (PICTURE_WIDTH_PX, max(1, height)), interpolation=cv2.INTER_AREA)
    bgr = np.ascontiguousarray(small[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    write_atomically(path, data.tobytes())


def rows_journal(folder: Path) -> Journal:
    """Return the journal of the measured samples."""
    return Journal(folder / "rows.jsonl")


def failures_journal(folder: Path) -> Journal:
    """Return the journal of the unreadable samples."""
    return Journal(folder / "failures.jsonl")


def read_rows(folder: Path) -> list[Row]:
    """Read the rows measured so far; an undefined metric is NaN."""
    return [
        Row(entry["name"], entry["group"], null_to_nan(entry["metrics"]))
        for entry in rows_journal(folder).read()
    ]


def read_failures(folder: Path) -> list[tuple[str, str]]:
    """Read name and reason of each unreadable sample."""
    return [(entry["name"], entry["reason"]) for entry in failures_journal(folder).read()]


def null_to_nan(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Convert metrics from JSON, where undefined ones are null.

    >>> null_to_nan({"iou": None})
    {'iou': nan}
    """
    return {name: float("nan") if value is None else value for name, value in metrics.items()}
