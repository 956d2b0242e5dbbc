"""Scores of a backbone on samples, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.kmeans.sweep import center_scores, kmeans_sweep
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.registry import build_segmenter
from scenerep_training.agreement.color_masks import color_masks
from scenerep_training.agreement.patches import matching, patch_labels, patch_matches, separation
from scenerep_training.agreement.references import IGNORED, Labels
from scenerep_training.agreement.samples import Sample
from scenerep_training.evaluation.metrics.overlap import compute_overlap
from scenerep_training.evaluation.metrics.rand_index import adjusted_rand_index

Metrics = dict[str, float]

AGREEMENT = "agreement"
CRITERIA = (AGREEMENT, "separation", "matching")
"""Metrics whose mean is the score. Constant features cannot reach a good value in any of them."""
SCORE = "score"
CODEBOOK_SIZE = 5
"""Centers of the codebooks whose flicker and stability are measured."""
MAX_CODEBOOK_POINTS = 20_000
"""Patches from which a codebook is computed."""


@dataclass(frozen=True)
class SampleFeatures:
    """Features of the two frames of a sample.

    Attributes:
        frames: features of the first and second frame.
        points: (N, C) unit-length features of both.
    """

    frames: tuple[Features, Features]
    points: tuple[torch.Tensor, torch.Tensor]

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the feature grid."""
        return self.frames[1].grid.shape[0], self.frames[1].grid.shape[1]


def make_features(first: Features, second: Features) -> SampleFeatures:
    """Join the features of the two frames of a sample."""
    points = (torch.from_numpy(feature_points(frame, 0)) for frame in (first, second))
    return SampleFeatures((first, second), (next(points), next(points)))


class Scorer:
    """Scores features against reference masks and from frame to frame.

    Metrics of a sample, 0..1; NaN where it has no reference or no visible patch:

    * `agreement`: IoU of each reference object with the best mask that the method finds by color
      alone, mean over the objects of both frames.
    * `separation`: see `patches.separation`.
    * `matching`: see `patches.matching`.
    * `score`: mean of these three.
    * `flicker`: share of visible patches that change their cluster of a codebook of five centers
      from one frame to the other.
    * `stability`: adjusted Rand index of the clusters of two codebooks, of the even and of the odd
      samples.

    Args:
        config: options of the segmentation; `use_depth` has no effect.
    """

    def __init__(self, config: PipelineConfig) -> None:
        self._config = config.model_copy(update={"use_depth": False})
        self._segmenter = build_segmenter(self._config)

    def score(self, backbone: Backbone, samples: Sequence[Sample]) -> list[Metrics]:
        """Measure all samples.

        Args:
            backbone: backbone.
            samples: samples in a fixed order.
        """
        resolution = self._config.resolution
        features = [
            make_features(*(backbone(color, resolution) for color in sample.colors))
            for sample in samples
        ]
        rows = [
            self.score_sample(sample, part) for sample, part in zip(samples, features, strict=True)
        ]
        add_codebook_metrics(rows, samples, features)
        return rows

    def score_sample(self, sample: Sample, features: SampleFeatures) -> Metrics:
        """Measure one sample; without `flicker` and `stability`, which need several."""
        agreements, separations = [], []
        for frame in range(2):
            reference = sample.references[frame]
            if reference is None:
                continue
            part = features.frames[frame]
            agreements.append(self._agreement(sample.colors[frame], part, reference))
            labels = patch_labels(reference, features.grid)
            separations.append(separation(features.points[frame], labels))
        metrics = {
            AGREEMENT: _mean(agreements),
            "separation": _mean(separations),
            "matching": matching(features.points, sample.warp, features.grid),
        }
        return {SCORE: _mean(list(metrics.values())), **metrics}

    def _agreement(self, color: NDArray[np.uint8], features: Features, reference: Labels) -> float:
        return mean_best_iou(reference, color_masks(self._segmenter, color, features))


def mean_best_iou(reference: Labels, predicted: Labels) -> float:
    """Average the IoU of each reference object with the best predicted object.

    Args:
        reference: (h, w) labels, at least one object; pixels with IGNORED are left out.
        predicted: (h, w) labels.
    """
    is_known = reference != IGNORED
    overlap = compute_overlap(reference[is_known][None], predicted[is_known][None])
    if not overlap.predicted_ids.size:
        return 0.0
    return float(overlap.iou.max(axis=1).mean())


def add_codebook_metrics(
    rows: list[Metrics], samples: Sequence[Sample], features: Sequence[SampleFeatures]
) -> None:
    """Add `flicker` and `stability` to the metrics of each sample."""
    halves = [fit_codebook(features[start::2] or features) for start in range(2)]
    for row, sample, part in zip(rows, samples, features, strict=True):
        first, second = (assign(part.points[0], halves[0]), assign(part.points[1], halves[0]))
        row["flicker"] = _flicker(first, second, sample, part.grid)
        row["stability"] = adjusted_rand_index(second, assign(part.points[1], halves[1]))


def fit_codebook(
    features: Sequence[SampleFeatures], size: int = CODEBOOK_SIZE, seed: int = 0
) -> NDArray[np.float32]:
    """Cluster the patches of many frames; returns (size, C) float32 centers."""
    points = torch.cat([points for part in features for points in part.points])
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(points), generator=generator)[:MAX_CODEBOOK_POINTS]
    return kmeans_sweep(points[chosen].numpy(), [size], seed).centers[0]


def assign(points: torch.Tensor, centers: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the index of the nearest center of each point (N,)."""
    return center_scores(points.numpy(), centers).argmax(0)


def _flicker(
    first: NDArray[np.int64], second: NDArray[np.int64], sample: Sample, grid: tuple[int, int]
) -> float:
    indices, positions = patch_matches(sample.warp, grid)
    if not len(indices):
        return float("nan")
    nearest = positions.round().astype(int).clip(0, np.array(grid) - 1)
    previous = first[nearest[:, 0] * grid[1] + nearest[:, 1]]
    return float(np.mean(second[indices] != previous))


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
