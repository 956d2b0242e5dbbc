"""Results of a study: one cell for each network and setting of the clusters."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from scenerep_training.evaluation.framework.protocol import sequence_of
from scenerep_training.evaluation.framework.runner import read_rows
from scenerep_training.evaluation.report.bootstrap import mean_intervals
from scenerep_training.study.folders import evaluation_folder
from scenerep_training.study.networks import NETWORKS, ClusterSetting

METRIC = "iou"


@dataclass(frozen=True)
class Cell:
    """IoU of one network under one setting.

    Attributes:
        network: its name.
        setting: name of the setting of the clusters.
        seeds: mean over the frames for each seed.
        mean: mean over frames and seeds.
        low, high: bounds of its 95 % interval over sequences; NaN with too few.
        gain: mean minus that of the network before training; NaN if there is none.
        gain_low, gain_high: bounds of the gain's 95 % interval.
        frames, sequences: numbers of test frames with a mask, and of their sequences.
    """

    network: str
    setting: str
    seeds: list[float]
    mean: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float
    frames: int
    sequences: int


def collect_cells(folder: Path, settings: Sequence[ClusterSetting], seeds: int) -> list[Cell]:
    """Read whatever has been evaluated completely, in the order of the table."""
    cells = []
    for network in NETWORKS:
        for setting in settings:
            scores = _scores(folder, network.name, setting.name, seeds)
            if scores:
                reference = network.reference
                before = _scores(folder, reference, setting.name, 1) if reference else []
                cells.append(_cell(network.name, setting.name, scores, before))
    return cells


def cells_csv(cells: Sequence[Cell]) -> str:
    """Return the cells as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Cell)])
    for cell in cells:
        values = asdict(cell) | {"seeds": " ".join(f"{value:.4f}" for value in cell.seeds)}
        writer.writerow(values.values())
    return text.getvalue()


def _scores(folder: Path, network: str, setting: str, seeds: int) -> list[dict[str, float]]:
    """Return the IoU of each test frame with a mask, for each seed that was evaluated completely."""
    runs = [evaluation_folder(folder, network, seed, setting) for seed in range(seeds)]
    return [
        {
            row.name: row.metrics[METRIC]
            for row in read_rows(run)
            if not np.isnan(row.metrics[METRIC])
        }
        for run in runs
        if (run / "run.json").is_file()
    ]


def _cell(
    network: str, setting: str, scores: list[dict[str, float]], before: list[dict[str, float]]
) -> Cell:
    frames = [name for name in scores[0] if all(name in part for part in scores)]
    values = np.array([[part[name] for name in frames] for part in scores])
    columns = [values.mean(axis=0), np.full(len(frames), np.nan)]
    if before:
        columns[1] = columns[0] - np.array([before[0].get(name, np.nan) for name in frames])
    sequences = [sequence_of(name) for name in frames]
    (low, high), (gain_low, gain_high) = mean_intervals(np.stack(columns, axis=1), sequences)
    return Cell(
        network=network,
        setting=setting,
        seeds=values.mean(axis=1).tolist(),
        mean=float(columns[0].mean()),
        low=float(low),
        high=float(high),
        gain=float(np.nanmean(columns[1])) if before else float("nan"),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        frames=len(frames),
        sequences=len(set(sequences)),
    )
