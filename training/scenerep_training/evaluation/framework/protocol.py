"""What every evaluation protocol is: named samples, figures of one sample, a summary of all."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.options import PipelineConfig

Figures = dict[str, float]
"""Names of figures to their values; NaN where a figure is undefined for a sample."""


FRACTION = "fraction"
"""Unit of most figures."""


@dataclass(frozen=True)
class Result:
    """What one sample gave.

    Attributes:
        figures: of this sample.
        picture: (H, W, 3) uint8 RGB that shows it, for the report's best and worst; or None.
    """

    figures: Figures
    picture: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Row:
    """A result as it is kept on disk.

    Attributes:
        name: of the sample.
        group: category or sequence, for tables a group.
        figures: of this sample.
    """

    name: str
    group: str
    figures: Figures


@dataclass(frozen=True)
class Quantity:
    """What the numbers of a figure mean, to whoever prints or compares them.

    Attributes:
        unit: FRACTION is printed in per cent; "" is a plain number; else a symbol: "ms", "nats".
        better: 1 where more is better, -1 where less is, 0 where neither is.
    """

    unit: str = FRACTION
    better: int = 1


COUNT = Quantity("", 0)
"""A number that is neither good nor bad."""
ERROR = Quantity(FRACTION, -1)
"""A share of which less is better."""


@dataclass(frozen=True)
class Published:
    """Figures that somebody printed, to stand beside ours: percentages as in the source.

    Attributes:
        name: of the method, with what tells it from others of the same source.
        figures: under the names that the protocol gives its own, of which the percentages are these.
        source: where they were printed.
    """

    name: str
    figures: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Table:
    """A summary's table: one mapping of column to value a row name.

    Attributes:
        title: what the rows are.
        rows: row name to figures.
    """

    title: str
    rows: dict[str, Figures] = field(default_factory=dict)


class Protocol(ABC):
    """One way to measure; its docstring names the paper and the exact definition.

    A sample is what can be computed, lost and resumed by itself: an image, a sequence, a backbone
    at a resolution. `evaluate` may leave artefacts (features, masks) in `folder`, which `summary`
    reads again; it must not keep memory that grows with the number of samples. Figures are
    fractions, not percentages, and NaN where a sample has none.

    Args:
        data: path that the user named.
        config: options of the pipeline.

    Attributes:
        name: as on the command line.
        headline: figures in the order of importance; the first one sorts the best and worst.
        published: figures to show beside the measured ones.
        quantities: of the figures that are no fractions, or of which more is not better.
        trade_off: the figures of cost and of quality that reports plot against each other, if any.
        defaults: options that the paper fixes, where the user names none.
        folder: of this run, for artefacts; set before the first sample.
    """

    name: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]
    published: ClassVar[tuple[Published, ...]] = ()
    quantities: ClassVar[Mapping[str, Quantity]] = {}
    trade_off: ClassVar[tuple[str, str] | None] = None
    defaults: ClassVar[Mapping[str, Any]] = {}
    folder: Path

    def __init__(self, data: Path, config: PipelineConfig) -> None:
        self.data = data
        self.config = config

    @classmethod  # noqa: B027
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register flags that only this protocol has; they are kept with the run's settings."""

    @classmethod
    def from_arguments(
        cls, data: Path, config: PipelineConfig, args: argparse.Namespace
    ) -> Protocol:
        """Build the protocol from the command line: its own flags are arguments of the same name.

        Raises:
            SourceError: if data has not the layout that the protocol reads.
            ConfigError, WeightsError: if the backbone cannot be built.
        """
        own = argparse.ArgumentParser()
        cls.add_arguments(own)
        names = vars(own.parse_args([]))
        return cls(data, config, **{name: getattr(args, name) for name in names})

    @abstractmethod
    def samples(self) -> Sequence[str]:
        """Names of all samples in a fixed order, unique, relative to the data's folder.

        Raises:
            SourceError: if the folder has not the layout that the protocol reads.
        """

    def group(self, sample: str) -> str:
        """Category or sequence of a sample."""
        return Path(sample).parent.as_posix()

    @staticmethod
    def unit(sample: str) -> str:
        """What is drawn as a whole where the spread over samples is estimated (the bootstrap).

        The sample itself, unless several depend on each other, as frames of a sequence do: then
        the sequence, or intervals come out too narrow.
        """
        return sample

    @abstractmethod
    def evaluate(self, sample: str) -> Result:
        """Measure one sample.

        Raises:
            FrameError: if it cannot be read; it is then named and counted, and the run goes on.
        """

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Tables of the whole run; the row `all` of the first one is what runs are compared by.

        By default the mean over the samples, of each group where there are several, and of all.
        """
        return [group_means(rows)]


def sequence_of(sample: str) -> str:
    """Folder of a sample, which holds its sequence; the sample itself where there is no folder."""
    return sample.rpartition("/")[0] or sample


def group_means(rows: Sequence[Row]) -> Table:
    """Mean over the samples of each group, where there are several, and of all."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    parts = groups if len(groups) > 1 else {}
    means = {name: mean(part) for name, part in parts.items()}
    return Table("mean over samples", means | {"all": mean(rows)})


def mean(rows: Sequence[Row]) -> Figures:
    """Mean of each figure over the rows in which it is defined; NaN where it never is."""
    names = dict.fromkeys(name for row in rows for name in row.figures)
    values = {name: [row.figures.get(name, np.nan) for row in rows] for name in names}
    defined = {
        name: [value for value in column if not np.isnan(value)] for name, column in values.items()
    }
    return {
        name: float(np.mean(column)) if column else float("nan") for name, column in defined.items()
    }
