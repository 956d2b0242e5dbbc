"""Gate of a codebook: held-back frames pass the network once, and judge any number of codebooks."""

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
from scenerep_training.agreement.references import Labels
from scenerep_training.agreement.samples import Sample
from scenerep_training.agreement.scoring import mean_best_iou
from scenerep_training.evaluation.report.bootstrap import mean_intervals
from scenerep_training.tuning.network import RESOLUTION


@dataclass(frozen=True)
class CodebookVerdict:
    """Comparison of a codebook with clusters of each frame.

    Attributes:
        gain: difference of the IoU of the best cluster with each reference, mean over held-back
            frames; NaN if none has a reference.
        interval: bounds of its 95 % interval; NaN with fewer than six pairs.
    """

    gain: float
    interval: tuple[float, float]

    @property
    def is_accepted(self) -> bool:
        """True if the codebook is measured, and not worse."""
        return self.gain >= 0

    def describe(self) -> str:
        """Return the figures for a message, in points."""
        if np.isnan(self.gain):
            return "no held-back frame has a reference to judge it by"
        low, high = self.interval
        interval = (
            "" if np.isnan(low) else f" (95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
        )
        return (
            f"best cluster on held-back frames {100 * self.gain:+.1f} points to clusters of each "
            f"frame{interval}"
        )


@dataclass(frozen=True)
class JudgedFrame:
    """Held-back frame.

    Attributes:
        name: name of its pair.
        features: features of the network.
        reference: (h, w) reference on the working grid.
        shape: height and width of the image [px].
        baseline: IoU of the best cluster of this frame alone with each reference object.
    """

    name: str
    features: Features
    reference: Labels
    shape: tuple[int, int]
    baseline: float

    def gain(self, centers: torch.Tensor) -> float:
        """Return the gain of a codebook (K, C) over the clusters of this frame."""
        clusters = codebook_clusters(self.features, centers)
        return best_cluster_iou(clusters, self.reference, self.shape) - self.baseline


class CodebookGate:
    """Compares codebooks with the clusters that the method `kmeans` finds without one.

    Args:
        backbone: network.
        samples: held-back pairs of frames; those without a reference are left out.
    """

    def __init__(self, backbone: Backbone, samples: Sequence[Sample]) -> None:
        config = PipelineConfig()
        count, self._frames = config.options_of("kmeans").clusters, []
        for sample in samples:
            for color, reference in zip(sample.colors, sample.references, strict=True):
                if reference is None:
                    continue
                features = backbone(color, RESOLUTION)
                shape = (color.shape[0], color.shape[1])
                clusters = kmeans(features, count, config.clustering)
                baseline = best_cluster_iou(clusters, reference, shape)
                self._frames.append(JudgedFrame(sample.name, features, reference, shape, baseline))

    def judge(self, centers: torch.Tensor) -> CodebookVerdict:
        """Compare a codebook (K, C) with the clusters of each frame."""
        if not self._frames:
            return CodebookVerdict(float("nan"), (float("nan"), float("nan")))
        gains = np.array([frame.gain(centers) for frame in self._frames])
        low, high = mean_intervals(gains[:, None], [frame.name for frame in self._frames])[0]
        return CodebookVerdict(float(gains.mean()), (float(low), float(high)))


def best_cluster_iou(clusters: Clusters, reference: Labels, shape: tuple[int, int]) -> float:
    """Return the mean IoU of each reference object with the best cluster, on the working grid."""
    labels: NDArray[np.int64] = clusters.label_image(shape, working_grid_step(shape)).cpu().numpy()
    return mean_best_iou(reference, labels.astype(np.int32))
