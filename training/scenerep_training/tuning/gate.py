"""Gate of a codebook: frames of held-back blocks judge it by two criteria, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.codebook import codebook_clusters
from scenerep_ros.clustering.kmeans.feature_kmeans import kmeans
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import Features
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.segmentation.base import Segmenter
from scenerep_ros.segmentation.registry import build_segmenter
from scenerep_training.agreement.references import Labels
from scenerep_training.agreement.samples import Sample
from scenerep_training.agreement.scoring import color_masks, mean_best_iou
from scenerep_training.evaluation.report.bootstrap import mean_intervals
from scenerep_training.tuning.network import RESOLUTION

CRITERIA = ("depth or motion", "color masks")
"""References by which a codebook is judged: depth masks or, without depth, what moves; and the masks
that the method `fused` finds by color alone."""
SEED_COUNT = 3
"""Clusterings with different seeds of which the least favorable decides."""


@dataclass(frozen=True)
class CriterionGain:
    """Gain of a codebook over clusters of each frame by one criterion.

    Attributes:
        mean: difference of the IoU of the best cluster with each reference, mean over held-back
            frames; NaN if none has a reference.
        interval: bounds of its 95 % interval over blocks; NaN if fewer than six have a reference.
    """

    mean: float
    interval: tuple[float, float]

    def describe(self) -> str:
        """Return the figures for a message, in points."""
        if np.isnan(self.mean):
            return "no reference"
        low, high = self.interval
        interval = (
            "" if np.isnan(low) else f" (95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
        )
        return f"{100 * self.mean:+.1f} points{interval}"


@dataclass(frozen=True)
class CodebookVerdict:
    """Comparison of a codebook with clusters of each frame.

    Attributes:
        gains: by each of CRITERIA.
    """

    gains: tuple[CriterionGain, ...]

    @property
    def is_accepted(self) -> bool:
        """True if the gain is shown, with 95 % confidence, by all criteria."""
        return self.lower_bound > 0

    @property
    def lower_bound(self) -> float:
        """Smallest lower bound of the gain by all criteria; -inf if one has no interval."""
        bounds = [gain.interval[0] for gain in self.gains]
        return float(np.nan_to_num(np.min(bounds), nan=-np.inf))

    def describe(self) -> str:
        """Return the figures for a message, in points."""
        parts = (
            f"by {name} {gain.describe()}" for name, gain in zip(CRITERIA, self.gains, strict=True)
        )
        return (
            f"best cluster on held-back frames against clusters of each frame: {', '.join(parts)}"
        )


@dataclass(frozen=True)
class JudgedFrame:
    """Frame of a block that is held back once.

    Attributes:
        block: index of its block.
        features: features of the network.
        references: (h, w) reference on the working grid for each of CRITERIA; None without one.
        shape: height and width of the image [px].
        baselines: (SEED_COUNT, 2) IoU of the best cluster of this frame alone with each reference
            object, by seed and criterion.
    """

    block: int
    features: Features
    references: tuple[Labels | None, ...]
    shape: tuple[int, int]
    baselines: NDArray[np.float64]

    def gain(self, centers: torch.Tensor, run: int) -> NDArray[np.float64]:
        """Return the gain of a codebook (K, C) over the clusters of this frame by each criterion."""
        clusters = codebook_clusters(self.features, centers)
        return best_cluster_iou(clusters, self.references, self.shape) - self.baselines[run]


class CodebookGate:
    """Compares codebooks with the clusters that the method `kmeans` finds without one.

    Args:
        backbone: network.
        segmenter: method that finds the masks of the second criterion.
    """

    def __init__(self, backbone: Backbone, segmenter: Segmenter) -> None:
        self._backbone = backbone
        self._segmenter = segmenter
        self._config = PipelineConfig()
        self._frames: list[JudgedFrame] = []

    def add(self, block: int, sample: Sample) -> None:
        """Add both frames of a sample to those that judge the codebook without their block."""
        for color, reference in zip(sample.colors, sample.references, strict=True):
            features = self._backbone(color, RESOLUTION)
            masks = color_masks(self._segmenter, color, features)
            references = reference, masks if masks.any() else None
            shape = (color.shape[0], color.shape[1])
            baselines = self._baselines(features, references, shape)
            self._frames.append(JudgedFrame(block, features, references, shape, baselines))

    def _baselines(
        self, features: Features, references: Sequence[Labels | None], shape: tuple[int, int]
    ) -> NDArray[np.float64]:
        count, rows = self._config.options_of("kmeans").clusters, []
        for seed in range(SEED_COUNT):
            options = self._config.clustering.model_copy(update={"seed": seed})
            rows.append(best_cluster_iou(kmeans(features, count, options), references, shape))
        return np.array(rows)

    def judge(self, codebooks: Sequence[torch.Tensor], run: int = 0) -> CodebookVerdict:
        """Compare codebooks with the clusters of each frame.

        Args:
            codebooks: (K, C) centers for each block, from the frames of the other blocks.
            run: number of the clustering of each frame, below SEED_COUNT.
        """
        rows = [frame.gain(codebooks[frame.block], run) for frame in self._frames]
        gains = np.array(rows).reshape(len(rows), len(CRITERIA))
        intervals = mean_intervals(gains, [str(frame.block) for frame in self._frames])
        return CodebookVerdict(
            tuple(
                CriterionGain(_mean(column), (float(low), float(high)))
                for column, (low, high) in zip(gains.T, intervals, strict=True)
            )
        )


def build_mask_segmenter(config: PipelineConfig) -> Segmenter:
    """Build the method that finds objects by color alone, with the head of the weights."""
    return build_segmenter(config.model_copy(update={"method": "fused", "use_depth": False}))


def best_cluster_iou(
    clusters: Clusters, references: Sequence[Labels | None], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the mean IoU of each object with the best cluster, NaN for references that are None."""
    image: NDArray[np.int64] = clusters.label_image(shape, working_grid_step(shape)).cpu().numpy()
    labels = image.astype(np.int32)
    return np.array(
        [np.nan if part is None else mean_best_iou(part, labels) for part in references]
    )


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
