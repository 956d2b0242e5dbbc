"""Gate of training: keeps the best step, and refuses networks that are worse than the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.sources.base import Source
from scenerep_training.agreement.references import FindMasks
from scenerep_training.agreement.samples import (
    FORGETTING,
    Sample,
    forgetting_samples,
    held_back_samples,
)
from scenerep_training.agreement.scoring import AGREEMENT, SCORE, Metrics, Scorer
from scenerep_training.evaluation.report.bootstrap import mean_intervals


@dataclass(frozen=True)
class GateConstants:
    """Tuned constants of the gate."""

    samples: int = tuned(
        12, "pairs of held-back frames", set_on="speed: 24 forward passes of the backbone"
    )
    forgetting_samples: int = tuned(
        4, "pairs of frames of the package's sequence", set_on="speed: 8 forward passes"
    )
    max_loss: float = tuned(
        0.005,
        "decrease of the score up to which a network is not worse",
        set_on="argument: half a point, the noise of K-Means on two dozen frames",
    )


CONSTANTS = GateConstants()


@dataclass(frozen=True)
class Verdict:
    """Comparison of a network with the one that training started from.

    Attributes:
        score: mean score on the held-back frames; NaN without any.
        gain: difference to the start, mean over held-back samples.
        interval: bounds of the 95 % interval of the gain; NaN with fewer than six samples.
        forgetting: difference to the start on the package's sequence.
    """

    score: float
    gain: float
    interval: tuple[float, float]
    forgetting: float

    @property
    def is_accepted(self) -> bool:
        """True unless the network is worse on the held-back frames or on the package's sequence."""
        limit = -CONSTANTS.max_loss
        return not (self.gain < limit or self.forgetting < limit or np.isnan(self.score))

    def describe(self) -> str:
        """Return the figures for a message, in points."""
        low, high = self.interval
        interval = (
            "" if np.isnan(low) else f" (95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
        )
        return (
            f"label-free score on held-back frames {100 * self.gain:+.1f} points{interval}, "
            f"on the sequence of the package {100 * self.forgetting:+.1f}"
        )


class Gate:
    """Scores networks on held-back frames without labels, and compares them with the first one.

    The score is the mean of three criteria (see `Scorer`). A student of a teacher is judged by its
    agreement alone: where its patches match from frame to frame says little about its masks.

    Args:
        held_back: held-back parts of the recordings.
        config: options of the segmentation.
        start: scores of the network that training started from; None scores the first one.
        find_masks: masks of a teacher, the references of held-back frames without depth.
    """

    def __init__(
        self,
        held_back: Sequence[Source],
        config: PipelineConfig,
        start: list[Metrics] | None = None,
        find_masks: FindMasks | None = None,
    ) -> None:
        self._scorer = Scorer(config)
        self._samples: list[Sample] = [
            *held_back_samples(held_back, CONSTANTS.samples, find_masks),
            *forgetting_samples(CONSTANTS.forgetting_samples),
        ]
        self._metric = SCORE if find_masks is None else AGREEMENT
        self.start = start

    def score(self, backbone: Backbone) -> list[Metrics]:
        """Measure all samples."""
        return self._scorer.score(backbone, self._samples)

    def judge(self, backbone: Backbone) -> Verdict:
        """Compare a network with the start; the first network is the start."""
        rows = self.score(backbone)
        if self.start is None:
            self.start = rows
        return compare(self._samples, self.start, rows, self._metric)


def compare(
    samples: Sequence[Sample], start: list[Metrics], rows: list[Metrics], metric: str = SCORE
) -> Verdict:
    """Compare two networks by a metric of the same samples."""
    values = np.array([row[metric] for row in rows])
    gains = values - np.array([row[metric] for row in start])
    is_forgetting = np.array([sample.group == FORGETTING for sample in samples])
    held = ~is_forgetting & ~np.isnan(gains)
    if not held.any():  # recordings that are too short: the package's sequence alone decides
        held = is_forgetting & ~np.isnan(gains)
    names = [sample.name for sample in samples]
    units = [name for name, chosen in zip(names, held, strict=True) if chosen]
    low, high = mean_intervals(gains[held][:, None], units)[0]
    return Verdict(
        _mean(values[held]),
        _mean(gains[held]),
        (float(low), float(high)),
        _mean(gains[is_forgetting]),
    )


def _mean(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
