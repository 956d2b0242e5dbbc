"""Interface of an evaluation protocol: named samples, metrics of each, a summary of all."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.pipeline import PipelineConfig

Metrics = dict[str, float]
"""Names and values of metrics; NaN where a metric is undefined for a sample."""

FRACTION = "fraction"
"""Unit of most metrics."""


@dataclass(frozen=True)
class Result:
    """Result of one sample.

    Attributes:
        metrics: of this sample.
        picture: (H, W, 3) uint8 RGB, a visualization for the report's best and worst; or None.
    """

    metrics: Metrics
    picture: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Row:
    """Result of one sample as stored on disk.

    Attributes:
        name: of the sample.
        group: category or sequence, for tables by group.
        metrics: of this sample.
    """

    name: str
    group: str
    metrics: Metrics


@dataclass(frozen=True)
class MetricSpec:
    """Unit and direction of a metric, for tables and comparisons.

    Attributes:
        unit: FRACTION is printed in per cent; "" is a plain number; else a symbol: "ms", "nats".
        direction: 1 where higher is better, -1 where lower is better, 0 where neither is.
    """

    unit: str = FRACTION
    direction: int = 1


COUNT = MetricSpec("", 0)
"""Number without a better direction."""
ERROR_RATIO = MetricSpec(FRACTION, -1)
"""Fraction of which lower is better."""


@dataclass(frozen=True)
class PublishedResult:
    """Metrics of a publication, shown beside the measured ones.

    Attributes:
        name: of the method and its variant.
        metrics: percentages as in the source, by the protocol's own metric names.
        source: publication and data.
    """

    name: str
    metrics: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Table:
    """Table of a summary.

    Attributes:
        title: meaning of the rows.
        rows: metrics by row name.
    """

    title: str
    rows: dict[str, Metrics] = field(default_factory=dict)


class Protocol(ABC):
    """Evaluation protocol; a subclass's docstring names the paper and the exact definition.

    A sample is the unit that is computed, lost and resumed by itself: an image, a sequence, a
    backbone at a resolution. `evaluate` may write artifacts (features, masks) to `folder`, which
    `summary` reads again; it must not hold memory that grows with the number of samples. Metrics
    are fractions, not percentages, and NaN where a sample has none.

    A new protocol is one module in `evaluation/protocols`, whose class has the decorator
    `register_protocol`.

    Args:
        data: path from the command line.
        config: options of the pipeline.

    Attributes:
        name: name on the command line.
        headline: metrics in the order of importance; the first one ranks the samples.
        published: published results to show beside the measured ones.
        metric_specs: units and directions of metrics that differ from `MetricSpec()`.
        trade_off: metrics of cost and of quality that reports plot against each other, if any.
        default_options: options that the paper fixes, unless the user sets them.
        is_ablatable: True if the metrics depend on what the network of the options has learned, so
            that a run can be repeated with an untrained one.
        folder: folder of this run, for artifacts; set before the first sample.
    """

    name: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]
    published: ClassVar[tuple[PublishedResult, ...]] = ()
    metric_specs: ClassVar[Mapping[str, MetricSpec]] = {}
    trade_off: ClassVar[tuple[str, str] | None] = None
    default_options: ClassVar[Mapping[str, Any]] = {}
    is_ablatable: ClassVar[bool] = True
    folder: Path

    def __init__(self, data: Path, config: PipelineConfig) -> None:
        self.data = data
        self.config = config

    @classmethod  # noqa: B027
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register the protocol's own flags, which are stored with the run's settings."""

    @classmethod
    def own_flags(cls, args: argparse.Namespace) -> dict[str, Any]:
        """Return the values of the protocol's own flags, by the names of the arguments."""
        parser = argparse.ArgumentParser()
        cls.add_arguments(parser)
        return {name: getattr(args, name) for name in vars(parser.parse_args([]))}

    @classmethod
    def from_arguments(
        cls, data: Path, config: PipelineConfig, args: argparse.Namespace
    ) -> Protocol:
        """Build the protocol from the command line; its own flags are arguments of the same name.

        Raises:
            SourceError: if data has another layout than the protocol reads.
            ConfigError, WeightsError: if the backbone cannot be built.
        """
        return cls(data, config, **cls.own_flags(args))

    @abstractmethod
    def samples(self) -> Sequence[str]:
        """Return the unique names of all samples in a fixed order.

        Raises:
            SourceError: if data has another layout than the protocol reads.
        """

    def group(self, sample: str) -> str:
        """Return the category or sequence of a sample."""
        return Path(sample).parent.as_posix()

    def has_depth(self) -> bool:
        """Return whether the frames have depth that the protocol uses."""
        return False

    @staticmethod
    def resampling_unit(sample: str) -> str:
        """Return the unit that the bootstrap draws as a whole.

        It is the sample itself, unless samples depend on each other, as frames of a sequence do:
        then it is the sequence, or else confidence intervals are too narrow.
        """
        return sample

    @abstractmethod
    def evaluate(self, sample: str) -> Result:
        """Measure one sample.

        Raises:
            FrameError: if it cannot be read; the run counts it and continues.
        """

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Return the tables of the run; reports compare runs by the row `all` of the first table.

        The default is the mean over the samples of each group, if there are several, and of all.
        """
        return [group_means(rows)]


def sequence_of(sample: str) -> str:
    """Return the folder of a sample, which is its sequence; without a folder the sample itself.

    >>> sequence_of("bear/00001"), sequence_of("bear")
    ('bear', 'bear')
    """
    return sample.rpartition("/")[0] or sample


def group_means(rows: Sequence[Row]) -> Table:
    """Average over the samples of each group, if there are several, and over all samples."""
    rows_by_group: dict[str, list[Row]] = {}
    for row in rows:
        rows_by_group.setdefault(row.group, []).append(row)
    groups = rows_by_group if len(rows_by_group) > 1 else {}
    means = {name: mean_metrics(group_rows) for name, group_rows in groups.items()}
    return Table("mean over samples", means | {"all": mean_metrics(rows)})


def mean_metrics(rows: Sequence[Row]) -> Metrics:
    """Average each metric over the rows that define it; NaN if none does."""
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    columns = {name: [row.metrics.get(name, np.nan) for row in rows] for name in names}
    defined = {
        name: [value for value in column if not np.isnan(value)] for name, column in columns.items()
    }
    return {
        name: float(np.mean(column)) if column else float("nan") for name, column in defined.items()
    }
