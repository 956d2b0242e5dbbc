"""Reader of the folders of runs, finished or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ConfigError
from scenerep_ros.sources.folders.image_files import natural_key
from scenerep_training.engine.run_folder import SETTINGS_NAME, read_json
from scenerep_training.evaluation.framework.ablation import (
    ABLATION_NAMES,
    ablation_folder,
    interleave_ablations,
)
from scenerep_training.evaluation.framework.protocol import (
    Metrics,
    MetricSpec,
    Protocol,
    Row,
    Table,
    group_means,
)
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import (
    null_to_nan,
    picture_path,
    read_failures,
    read_rows,
)

PLOT_SUFFIXES = {".png", ".svg"}


@dataclass(frozen=True)
class Run:
    """Content of a run's folder.

    Attributes:
        folder: of the run.
        label: unique name in the report.
        protocol: protocol of the run.
        settings: settings of the run.
        rows: all measured samples.
        failures: name and reason of each unreadable sample.
        tables: the protocol's summary; of an unfinished run, means over the measured samples.
        is_complete: True if the run has finished.
        notes: caveats that the report shows.
        ablations: runs of the same protocol with an untrained network and without depth, by name.
    """

    folder: Path
    label: str
    protocol: type[Protocol]
    settings: dict[str, Any]
    rows: list[Row]
    failures: list[tuple[str, str]]
    tables: list[Table]
    is_complete: bool
    notes: list[str] = field(default_factory=list)
    ablations: dict[str, Run] = field(default_factory=dict)

    @property
    def metric_names(self) -> list[str]:
        """Names of all metrics, those of the headline first."""
        names = dict.fromkeys(name for row in self.rows for name in row.metrics)
        return [name for name in dict.fromkeys([*self.protocol.headline, *names]) if name in names]

    @property
    def data(self) -> str:
        """Name of the data's file or folder."""
        return Path(self.settings.get("data", "")).name

    @property
    def overall(self) -> Metrics:
        """Row `all` of the first table."""
        return self.tables[0].rows.get("all", {}) if self.tables else {}

    @property
    def plots(self) -> list[Path]:
        """Plots of the run as a whole: plots/*.png and plots/*.svg, in natural order."""
        paths = [path for path in self.folder.glob("plots/*") if path.suffix in PLOT_SUFFIXES]
        return sorted(paths, key=lambda path: natural_key(path.name))

    def with_ablations(self, index: int) -> dict[str, Metrics]:
        """Return the rows of a table, each followed by the same row of the ablations."""
        ablated = {
            name: run.tables[index].rows
            for name, run in self.ablations.items()
            if index < len(run.tables)
        }
        return interleave_ablations(self.tables[index].rows, ablated)

    def metric_spec(self, metric: str) -> MetricSpec:
        """Return unit and direction of a metric."""
        return self.protocol.metric_specs.get(metric, MetricSpec())

    def values(self, metric: str) -> NDArray[np.float64]:
        """Return the values of a metric, (n,) float64, one a row; NaN where undefined."""
        return np.array([row.metrics.get(metric, np.nan) for row in self.rows])

    def picture(self, sample: str) -> Path | None:
        """Return the path of a sample's picture; None without a picture."""
        path = picture_path(self.folder, sample)
        return path if path.is_file() else None


def collect_runs(folders: Sequence[Path]) -> list[Run]:
    """Read runs in the given order; a folder that is named twice is read once.

    Raises:
        ConfigError: if a folder is not a run's.
    """
    resolved = list(dict.fromkeys(folder.resolve() for folder in folders))
    labels = _unique_labels(resolved)
    return [_collect_run(folder, label) for folder, label in zip(resolved, labels, strict=True)]


def _unique_labels(folders: Sequence[Path]) -> list[str]:
    """Label each folder by the smallest number of its last path parts that makes it unique."""
    max_parts = max((len(folder.parts) for folder in folders), default=1)
    for count in range(1, max_parts + 1):
        labels = ["/".join(folder.parts[-count:]) for folder in folders]
        if len(set(labels)) == len(labels):
            break
    return labels


def _collect_run(folder: Path, label: str) -> Run:
    settings = _read_settings(folder)
    rows, failures = read_rows(folder), read_failures(folder)
    is_complete = (folder / "run.json").is_file()
    tables = _read_tables(folder) if is_complete else [group_means(rows)] if rows else []
    return Run(
        folder=folder,
        label=label,
        protocol=PROTOCOLS[settings["protocol"]],
        settings=settings,
        rows=rows,
        failures=failures,
        tables=tables,
        is_complete=is_complete,
        notes=_notes(folder, len(rows) + len(failures)),
        ablations={
            name: _collect_run(ablation_folder(folder, name), f"{label}, {name}")
            for name in ABLATION_NAMES
            if (ablation_folder(folder, name) / SETTINGS_NAME).is_file()
        },
    )


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / "settings.json"
    if not path.is_file():
        raise ConfigError(
            f"{folder}: has no settings.json, so it is no run of scenerep-eval; name the --out "
            "folder of a run, which the command prints at its end"
        )
    settings = read_json(path)
    name = str(settings.get("protocol"))
    if name not in PROTOCOLS:
        raise ConfigError(f"{path}: protocol {name}, expected one of {', '.join(PROTOCOLS)}")
    return settings


def _read_tables(folder: Path) -> list[Table]:
    return [
        Table(
            table["title"],
            {name: null_to_nan(metrics) for name, metrics in table["rows"].items()},
        )
        for table in read_json(folder / "run.json")["tables"]
    ]


def _notes(folder: Path, count: int) -> list[str]:
    if not (folder / "run.json").is_file():
        return [f"This run has not finished: its metrics are of the first {count} samples."]
    summarized = read_json(folder / "run.json")["samples"]
    if summarized == count:
        return []
    return [
        f"The tables are of {summarized} samples, but {count} have been measured: plots, pictures "
        "and differences are of all of them. Call the run's command again to update the tables."
    ]
