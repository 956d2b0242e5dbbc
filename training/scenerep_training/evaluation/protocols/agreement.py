"""`agreement`: label-free scores of one or several backbones on a recording."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_training.agreement.samples import held_back_samples
from scenerep_training.agreement.scoring import SCORE, Metrics, Scorer
from scenerep_training.data.held_out import hold_out
from scenerep_training.data.recordings import open_recordings
from scenerep_training.evaluation.framework.models import label_models, parse_model
from scenerep_training.evaluation.framework.protocol import (
    ERROR_RATIO,
    MetricSpec,
    Protocol,
    Result,
    Row,
    Table,
    mean_metrics,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.report.bootstrap import mean_intervals

DEFAULT_PAIRS = 12


@register_protocol
class Agreement(Protocol):
    """Label-free scores of backbones on a recording, with intervals.

    The frames are pairs, 0.1 s apart, of the last fifth of each recording, which no training uses
    (`--whole` takes pairs of all frames). The references are the runtime's own depth masks or,
    without depth, what moves against the background. `agreement` is the mean IoU of each reference
    with the best mask that the method finds by color alone; `separation` the area under the ROC
    curve of the similarity of patches as a test for the same reference object; `matching` the share
    of patches whose most similar patch in the other frame is where depth and pose, or else optical
    flow, say; `score` the mean of the three. `flicker` and `stability` are those of a codebook of
    five clusters, which constant features satisfy too, so that they are not part of the score.

    A sample is a backbone on a pair. `--models A B` compares backbones: the second table holds the
    difference of each to the first one on the same pairs, and the bounds of its 95 % bootstrap
    interval. Pairs of one recording are not independent, so the intervals hold for these recordings.
    """

    name = "agreement"
    is_ablatable = False
    headline = (SCORE, "agreement", "separation", "matching")
    metric_specs: ClassVar[Mapping[str, MetricSpec]] = {"flicker": ERROR_RATIO}

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        models: Sequence[str] = (),
        pairs: int = DEFAULT_PAIRS,
        whole: bool = False,
    ) -> None:
        super().__init__(data, config)
        configs = [parse_model(config, text) for text in models] or [config]
        self.models = label_models(configs)
        recordings = open_recordings([data])
        parts = hold_out(recordings).held_back
        self._samples = held_back_samples(recordings.sources if whole else parts, pairs)
        self._scores: dict[str, list[Metrics]] = {}

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --models, --pairs and --whole."""
        parser.add_argument(
            "--models",
            nargs="+",
            default=(),
            metavar="MODEL",
            help="backbones to compare with the first one, each [BACKBONE=]WEIGHTS",
        )
        parser.add_argument(
            "--pairs",
            type=positive_count,
            default=DEFAULT_PAIRS,
            metavar="N",
            help=f"pairs of frames over all recordings (default: {DEFAULT_PAIRS})",
        )
        parser.add_argument(
            "--whole", action="store_true", help="draw the pairs from the whole recordings"
        )

    def samples(self) -> Sequence[str]:
        """Return the names of all backbones and pairs."""
        return [f"{model}/{sample.name}" for model in self.models for sample in self._samples]

    def group(self, sample: str) -> str:
        """Return the label of the backbone."""
        return sample.split("/")[0]

    def has_depth(self) -> bool:
        """Return False: depth is the reference."""
        return False

    def evaluate(self, sample: str) -> Result:
        """Return the scores of one backbone on one pair; the backbone measures all pairs at once."""
        model, _, name = sample.partition("/")
        if model not in self._scores:
            config = self.models[model]
            self._scores[model] = Scorer(config).score(load_backbone(config), self._samples)
        names = [pair.name for pair in self._samples]
        metrics = self._scores[model][names.index(name)]
        if np.isnan(metrics[SCORE]):
            raise FrameError(f"{sample}: has neither a reference nor visible patches")
        return Result(metrics)

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Average each backbone, and compare it with the first one."""
        first, *others = self.models
        by_model = {
            model: {row.name.partition("/")[2]: row.metrics for row in rows if row.group == model}
            for model in self.models
        }
        means = {
            model: mean_metrics([row for row in rows if row.group == model])
            for model in self.models
        }
        tables = [Table("mean over pairs", means | {"all": means[first]})]
        differences: dict[str, Metrics] = {}
        for model in others:
            differences |= dict(_differences(model, by_model[model], by_model[first]))
        return [*tables, Table(f"difference to {first}", differences)] if differences else tables


def _differences(
    model: str, scores: Mapping[str, Metrics], start: Mapping[str, Metrics]
) -> Iterator[tuple[str, Metrics]]:
    """Yield the mean of the paired differences, and the bounds of its interval."""
    names = [name for name in scores if name in start]
    metrics = list(start[names[0]]) if names else []
    values = np.array([[scores[n][m] - start[n][m] for m in metrics] for n in names])
    if not names:
        return
    yield model, dict(zip(metrics, _defined_means(values), strict=True))
    intervals = mean_intervals(values, names)
    for column, bound in enumerate(("lower bound", "upper bound")):
        yield f"{model}, {bound}", dict(zip(metrics, intervals[:, column].tolist(), strict=True))


def _defined_means(values: NDArray[np.float64]) -> list[float]:
    """Average the defined values of each column; NaN where there are none."""
    columns = (column[~np.isnan(column)] for column in values.T)
    return [float(column.mean()) if column.size else float("nan") for column in columns]
