"""Reads the folders of runs, finished or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ConfigError
from scenerep_ros.sources.folders.image_files import natural_key
from scenerep_training.engine.run_folder import read_json
from scenerep_training.evaluation.framework.protocol import (
    Figures,
    Protocol,
    Quantity,
    Row,
    Table,
    group_means,
)
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import (
    picture_path,
    read_failures,
    read_rows,
    undefined_as_nan,
)

PLOT_SUFFIXES = {".png", ".svg"}


@dataclass(frozen=True)
class Run:
    """What one run's folder holds.

    Attributes:
        folder: of the run.
        label: what the report calls it; no other run of the report has it.
        protocol: what was measured.
        settings: as they were asked for.
        rows: every sample measured.
        failures: name and reason of every sample that could not be read.
        tables: the protocol's summary; means over what there is for an unfinished run.
        complete: whether the run ended.
        notes: what a reader must know before he believes the figures.
    """

    folder: Path
    label: str
    protocol: type[Protocol]
    settings: dict[str, Any]
    rows: list[Row]
    failures: list[tuple[str, str]]
    tables: list[Table]
    complete: bool
    notes: list[str] = field(default_factory=list)

    @property
    def figures(self) -> list[str]:
        """Names of all figures, those of the headline first."""
        found = dict.fromkeys(name for row in self.rows for name in row.figures)
        return [name for name in dict.fromkeys([*self.protocol.headline, *found]) if name in found]

    @property
    def data(self) -> str:
        """Name of the data's file or folder."""
        return Path(self.settings.get("data", "")).name

    @property
    def overall(self) -> Figures:
        """The row `all` of the first table."""
        return self.tables[0].rows.get("all", {}) if self.tables else {}

    @property
    def plots(self) -> list[Path]:
        """Pictures of the run as a whole: plots/*.png and plots/*.svg, in natural order."""
        found = [path for path in self.folder.glob("plots/*") if path.suffix in PLOT_SUFFIXES]
        return sorted(found, key=lambda path: natural_key(path.name))

    def quantity(self, figure: str) -> Quantity:
        """What a figure's numbers mean."""
        return self.protocol.quantities.get(figure, Quantity())

    def values(self, figure: str) -> NDArray[np.float64]:
        """(n,) float64, one value a row; NaN where it is undefined."""
        return np.array([row.figures.get(figure, np.nan) for row in self.rows])

    def picture(self, sample: str) -> Path | None:
        """Where a sample's picture lies, if it has one."""
        path = picture_path(self.folder, sample)
        return path if path.is_file() else None


def collect_runs(folders: Sequence[Path]) -> list[Run]:
    """Read runs, in the order given; a folder named twice is read once.

    Raises:
        ConfigError: naming a folder that is no run's.
    """
    resolved = list(dict.fromkeys(folder.resolve() for folder in folders))
    labels = _labels(resolved)
    return [_collect(folder, label) for folder, label in zip(resolved, labels, strict=True)]


def _labels(folders: Sequence[Path]) -> list[str]:
    """Name each folder by as many of its last parts as tell it from all others."""
    deepest = max((len(folder.parts) for folder in folders), default=1)
    for count in range(1, deepest + 1):
        labels = ["/".join(folder.parts[-count:]) for folder in folders]
        if len(set(labels)) == len(labels):
            break
    return labels


def _collect(folder: Path, label: str) -> Run:
    settings = _settings(folder)
    rows, failures = read_rows(folder), read_failures(folder)
    complete = (folder / "run.json").is_file()
    tables = _tables(folder) if complete else [group_means(rows)] if rows else []
    return Run(
        folder=folder,
        label=label,
        protocol=PROTOCOLS[settings["protocol"]],
        settings=settings,
        rows=rows,
        failures=failures,
        tables=tables,
        complete=complete,
        notes=_notes(folder, len(rows) + len(failures)),
    )


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "settings.json"
    if not path.is_file():
        raise ConfigError(
            f"{folder}: holds no settings.json, so it is no run of scenerep-eval; name the folder "
            "that a run was told as --out, or that it printed at its end"
        )
    settings = read_json(path)
    if settings.get("protocol") not in PROTOCOLS:
        raise ConfigError(
            f"{path}: protocol {settings.get('protocol')}, expected one of {', '.join(PROTOCOLS)}"
        )
    return settings


def _tables(folder: Path) -> list[Table]:
    return [
        Table(
            table["title"],
            {name: undefined_as_nan(figures) for name, figures in table["rows"].items()},
        )
        for table in read_json(folder / "run.json")["tables"]
    ]


def _notes(folder: Path, count: int) -> list[str]:
    if not (folder / "run.json").is_file():
        return [f"This run has not ended: its figures are of the {count} samples done so far."]
    asked = read_json(folder / "run.json")["samples"]
    if asked == count:
        return []
    return [
        f"The tables are of {asked} samples, but {count} have been measured: plots, pictures and "
        "differences are of all of them. Call the run's command again to bring them together."
    ]
