"""Page of a study: its table, the gain of training, and pictures; the numbers as JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.run_folder import SETTINGS_NAME, read_json, to_json
from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import MetricSpec, sequence_of
from scenerep_training.evaluation.framework.runner import picture_path, read_rows
from scenerep_training.evaluation.report.grids import Grid
from scenerep_training.evaluation.report.numbers import DASH, format_difference, format_value
from scenerep_training.evaluation.report.view import Picture, data_uri
from scenerep_training.study.folders import evaluation_folder
from scenerep_training.study.networks import NETWORKS, ClusterSetting, cluster_settings
from scenerep_training.study.options import StudyOptions
from scenerep_training.study.results import Cell, cells_csv, collect_cells

PERCENT = MetricSpec()
MAX_PICTURED_SEQUENCES = 6
CHART_WIDTH = 8.0
"""Width in inches."""


def write_study(folder: Path, options: StudyOptions) -> None:
    """Write study.html, study.json and study.csv from what has been evaluated so far.

    Raises:
        ScenerepError: if the folder cannot be written.
    """
    settings = cluster_settings(options.pca)
    cells = collect_cells(folder, settings, options.seeds)
    record = read_json(folder / SETTINGS_NAME)
    content = {"settings": record, "metric": "iou", "cells": [asdict(cell) for cell in cells]}
    write_atomically(folder / "study.json", to_json(content).encode())
    write_atomically(folder / "study.csv", cells_csv(cells).encode())
    page = (
        _environment()
        .get_template("study.html.j2")
        .render(
            written_at=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            record=record,
            frames=max((cell.frames for cell in cells), default=0),
            sequences=max((cell.sequences for cell in cells), default=0),
            table_grid=study_grid(cells, settings),
            gains=gain_grid(cells, settings),
            chart=Markup(study_chart(cells)),
            galleries=galleries(folder, settings[0]),
        )
    )
    write_atomically(folder / "study.html", page.encode())


def study_grid(cells: Sequence[Cell], settings: Sequence[ClusterSetting]) -> Grid:
    """Build the study's table: a row for each network, a column for each setting."""
    by_key = {(cell.network, cell.setting): cell for cell in cells}
    rows = []
    for network in NETWORKS:
        row = [by_key.get((network.name, setting.name)) for setting in settings]
        seeds = str(len(row[0].seeds)) if row[0] else DASH
        published = format_value(network.published, PERCENT)
        rows.append([network.name, seeds, *map(_mean_text, row), published])
    columns = ["", "seeds", *(setting.name for setting in settings), "the study on CO3D, k = 2"]
    return Grid("IoU of the best cluster, %", columns, rows)


def gain_grid(cells: Sequence[Cell], settings: Sequence[ClusterSetting]) -> Grid:
    """Build the table of the gains over the network before training."""
    by_key = {(cell.network, cell.setting): cell for cell in cells}
    rows = [
        [network.name, *(_gain_text(by_key.get((network.name, part.name))) for part in settings)]
        for network in NETWORKS
        if network.reference
    ]
    return Grid(
        "gain over the network before training, points", ["", *(s.name for s in settings)], rows
    )


def study_chart(cells: Sequence[Cell]) -> str:
    """Draw the mean of each cell with its interval, one color for each setting."""
    settings = list(dict.fromkeys(cell.setting for cell in cells))
    names = list(dict.fromkeys(cell.network for cell in cells))
    with charts.new_figure(CHART_WIDTH, 1.2 + 0.5 * len(names)) as figure:
        axes = figure.subplots()
        for index, setting in enumerate(settings):
            part = [cell for cell in cells if cell.setting == setting]
            positions = [names.index(cell.network) + 0.16 * (index - 1.5) for cell in part]
            axes.errorbar(
                [100 * cell.mean for cell in part],
                positions,
                xerr=[
                    [100 * (cell.mean - cell.low) for cell in part],
                    [100 * (cell.high - cell.mean) for cell in part],
                ],
                fmt=charts.MARKERS[index],
                color=charts.color(index),
                label=setting,
            )
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("IoU of the best cluster, %")
        if settings:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(settings))
        return charts.svg_text(figure, "IoU of each network and setting with its interval")


def galleries(folder: Path, setting: ClusterSetting) -> list[tuple[str, list[Picture]]]:
    """Show the middle frame of several test sequences as each network of the first seed sees it."""
    first = evaluation_folder(folder, NETWORKS[0].name, 0, setting.name)
    frames: dict[str, list[str]] = {}
    for row in read_rows(first):
        frames.setdefault(sequence_of(row.name), []).append(row.name)
    step = max(1, len(frames) // MAX_PICTURED_SEQUENCES)
    chosen = [names[len(names) // 2] for names in frames.values()][::step]
    return [(name, _pictures(folder, setting, name)) for name in chosen[:MAX_PICTURED_SEQUENCES]]


def _pictures(folder: Path, setting: ClusterSetting, frame: str) -> list[Picture]:
    paths = {
        network.name: picture_path(evaluation_folder(folder, network.name, 0, setting.name), frame)
        for network in NETWORKS
    }
    return [Picture(data_uri(path), name) for name, path in paths.items() if path.is_file()]


def _mean_text(cell: Cell | None) -> str:
    if cell is None:
        return DASH
    bounds = (format_value(bound, PERCENT) for bound in (cell.low, cell.high))
    return f"{format_value(cell.mean, PERCENT)} ({' to '.join(bounds)})"


def _gain_text(cell: Cell | None) -> str:
    if cell is None:
        return DASH
    bounds = (format_difference(bound, PERCENT) for bound in (cell.gain_low, cell.gain_high))
    return f"{format_difference(cell.gain, PERCENT)} ({' to '.join(bounds)})"


def _environment() -> Environment:
    report = "scenerep_training.evaluation.report"
    return Environment(
        loader=ChoiceLoader([PackageLoader(__package__ or "", "."), PackageLoader(report, ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
