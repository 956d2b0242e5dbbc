"""Comparison of two runs of a protocol, with confidence intervals of the differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.report.bootstrap import MIN_UNITS, mean_intervals
from scenerep_training.evaluation.report.collect import Run

NO_DIFFERENCE = "no difference shown"
TOO_FEW = "too few samples"
VERDICTS = {1: ("better", "worse"), -1: ("worse", "better"), 0: ("higher", "lower")}
"""Verdict of an increase and of a decrease, by the metric's direction."""


@dataclass(frozen=True)
class Difference:
    """Difference of one metric over the samples for which both runs have it.

    Attributes:
        metric: its name.
        samples: number of common samples.
        units: number of resampling units, see `Protocol.resampling_unit`.
        before: mean of the first run.
        after: mean of the second run.
        change: after minus before.
        low: lower bound of the change's 95 % interval; NaN with too few units.
        high: upper bound.
        verdict: conclusion from the interval.
    """

    metric: str
    samples: int
    units: int
    before: float
    after: float
    change: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """Comparison of two runs of one protocol.

    Attributes:
        base: label of the first run.
        other: label of the second run.
        samples: number of samples that both have measured.
        differences: one for each metric that both have.
        obstacle: reason why the runs cannot be compared; else "".
    """

    base: str
    other: str
    samples: int
    differences: list[Difference]
    obstacle: str = ""

    def difference(self, metric: str) -> Difference | None:
        """Return the difference of one metric; None if a run lacks it."""
        return next((part for part in self.differences if part.metric == metric), None)


def group_by_protocol(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Group runs by their protocol, in the order in which protocols appear."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.protocol.name, []).append(run)
    return groups


def compare_all(runs: Sequence[Run], seed: int = 0) -> list[Comparison]:
    """Compare each run with the first one of its protocol."""
    groups = group_by_protocol(runs).values()
    return [compare(first, other, seed) for first, *others in groups for other in others]


def compare(base: Run, other: Run, seed: int = 0) -> Comparison:
    """Compare two runs of one protocol over the samples that both have measured."""
    before, after = _rows_by_name(base), _rows_by_name(other)
    common = [name for name in before if name in after]
    obstacle = _find_obstacle(base, other, len(common))
    if obstacle:
        return Comparison(base.label, other.label, len(common), [], obstacle)
    metrics = [name for name in base.metric_names if name in other.metric_names]
    values = np.array(
        [
            [[run[name].metrics.get(metric, np.nan) for metric in metrics] for name in common]
            for run in (before, after)
        ]
    )
    differences = _differences(base, metrics, common, values, seed)
    return Comparison(base.label, other.label, len(common), differences)


def setting_differences(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the settings in which runs differ, with the value in each run."""
    flat = [_flatten(run.settings) for run in runs]
    names = dict.fromkeys(name for settings in flat for name in settings)
    table = {name: [settings.get(name, "") for settings in flat] for name in names}
    return {name: row for name, row in table.items() if len(set(row)) > 1 and name != "command"}


def _rows_by_name(run: Run) -> dict[str, Row]:
    return {row.name: row for row in run.rows}


def _find_obstacle(base: Run, other: Run, common: int) -> str:
    if base.data != other.data:
        return f"Measured on different data ({base.data} and {other.data}): not compared."
    return "" if common else "No sample was measured by both: not compared."


def _differences(
    run: Run, metrics: list[str], samples: list[str], values: NDArray[np.float64], seed: int
) -> list[Difference]:
    """Compute the differences of (2, n, F) values; metrics without a common sample are left out."""
    units = np.array([run.protocol.resampling_unit(sample) for sample in samples])
    intervals = mean_intervals(values[1] - values[0], units.tolist(), seed)
    differences = []
    for column, metric in enumerate(metrics):
        is_defined = ~np.isnan(values[:, :, column]).any(axis=0)
        pair, unit_count = values[:, is_defined, column], np.unique(units[is_defined]).size
        if unit_count:
            direction = run.metric_spec(metric).direction
            differences.append(_difference(metric, pair, unit_count, intervals[column], direction))
    return differences


def _difference(
    metric: str,
    pair: NDArray[np.float64],
    units: int,
    interval: NDArray[np.float64],
    direction: int,
) -> Difference:
    """Compute the difference of (2, n) defined values."""
    low, high = interval.tolist()
    return Difference(
        metric,
        samples=pair.shape[1],
        units=units,
        before=float(pair[0].mean()),
        after=float(pair[1].mean()),
        change=float((pair[1] - pair[0]).mean()),
        low=low,
        high=high,
        verdict=_verdict(low, high, units, direction),
    )


def _verdict(low: float, high: float, units: int, direction: int) -> str:
    if units < MIN_UNITS:
        return TOO_FEW
    if low <= 0 <= high:
        return NO_DIFFERENCE
    increase, decrease = VERDICTS[direction]
    return increase if low > 0 else decrease


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Flatten nested settings: {"options": {"track": True}} becomes {"options.track": "True"}."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = "" if value is None else str(value)
    return flat
