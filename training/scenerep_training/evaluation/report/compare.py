"""What changed from one run of a protocol to another, and whether that is more than noise."""

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
TOO_FEW = "too few to tell"
DIRECTIONS = {1: ("better", "worse"), -1: ("worse", "better"), 0: ("higher", "lower")}
"""What a figure that rose, or fell, is called, by what is better."""


@dataclass(frozen=True)
class Difference:
    """Of one figure, over the samples for which both runs have it.

    Attributes:
        figure: its name.
        samples: number of samples that both have.
        units: number of units that were drawn, see `Protocol.unit`.
        before: mean of the first run.
        after: mean of the second.
        change: after minus before.
        low: lower bound of the change's 95 % interval; NaN where there are too few units.
        high: upper bound.
        verdict: what may be said of it.
    """

    figure: str
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
    """Two runs of one protocol.

    Attributes:
        base: label of the first.
        other: label of the second.
        samples: that both have measured.
        differences: one a figure that both have.
        obstacle: why there is nothing to compare; else "".
    """

    base: str
    other: str
    samples: int
    differences: list[Difference]
    obstacle: str = ""

    def difference(self, figure: str) -> Difference | None:
        """Return the difference of one figure, if both have it."""
        return next((part for part in self.differences if part.figure == figure), None)


def by_protocol(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Group runs by their protocol, in the order in which protocols appear."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.protocol.name, []).append(run)
    return groups


def compare_all(runs: Sequence[Run], seed: int = 0) -> list[Comparison]:
    """Compare each run with the first one of its protocol."""
    groups = by_protocol(runs).values()
    return [compare(first, other, seed) for first, *others in groups for other in others]


def compare(base: Run, other: Run, seed: int = 0) -> Comparison:
    """Compare two runs of one protocol over the samples that both measured."""
    before, after = _by_name(base), _by_name(other)
    shared = [name for name in before if name in after]
    obstacle = _obstacle(base, other, len(shared))
    if obstacle:
        return Comparison(base.label, other.label, len(shared), [], obstacle)
    figures = [name for name in base.figures if name in other.figures]
    values = np.array(
        [
            [[run[name].figures.get(figure, np.nan) for figure in figures] for name in shared]
            for run in (before, after)
        ]
    )
    differences = _differences(base, figures, shared, values, seed)
    return Comparison(base.label, other.label, len(shared), differences)


def setting_differences(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Settings in which runs differ: the setting's name to its value in each run."""
    flat = [_flat(run.settings) for run in runs]
    names = dict.fromkeys(name for settings in flat for name in settings)
    table = {name: [settings.get(name, "") for settings in flat] for name in names}
    return {name: row for name, row in table.items() if len(set(row)) > 1 and name != "command"}


def _by_name(run: Run) -> dict[str, Row]:
    return {row.name: row for row in run.rows}


def _obstacle(base: Run, other: Run, shared: int) -> str:
    if base.data != other.data:
        return f"Measured on different data ({base.data} and {other.data}): not compared."
    return "" if shared else "No sample was measured by both: not compared."


def _differences(
    run: Run, figures: list[str], samples: list[str], values: NDArray[np.float64], seed: int
) -> list[Difference]:
    """Differences of (2, n, F) values; figures that no sample has in both are left out."""
    units = np.array([run.protocol.unit(sample) for sample in samples])
    intervals = mean_intervals(values[1] - values[0], units.tolist(), seed)
    found = []
    for column, figure in enumerate(figures):
        both = ~np.isnan(values[:, :, column]).any(axis=0)
        pair, drawn = values[:, both, column], np.unique(units[both]).size
        if drawn:
            better = run.quantity(figure).better
            found.append(_difference(figure, pair, drawn, intervals[column], better))
    return found


def _difference(
    figure: str, pair: NDArray[np.float64], units: int, interval: NDArray[np.float64], better: int
) -> Difference:
    """Difference of (2, n) values, all of them defined."""
    low, high = interval.tolist()
    return Difference(
        figure,
        samples=pair.shape[1],
        units=units,
        before=float(pair[0].mean()),
        after=float(pair[1].mean()),
        change=float((pair[1] - pair[0]).mean()),
        low=low,
        high=high,
        verdict=_verdict(low, high, units, better),
    )


def _verdict(low: float, high: float, units: int, better: int) -> str:
    if units < MIN_UNITS:
        return TOO_FEW
    if low <= 0 <= high:
        return NO_DIFFERENCE
    rose, fell = DIRECTIONS[better]
    return rose if low > 0 else fell


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as one level: {"options": {"seed": 0}} becomes {"options.seed": "0"}."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = "" if value is None else str(value)
    return flat
