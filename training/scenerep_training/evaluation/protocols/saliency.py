"""`saliency`: IoU and F-measure of an image's foreground, by the pipeline and by an oracle."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_training.datasets.masked_images import list_saliency
from scenerep_training.evaluation.figures.pictures import draw_comparison
from scenerep_training.evaluation.framework.cluster_recorder import ClusterRecorder
from scenerep_training.evaluation.framework.degradations import add_degrade_flag, degrade
from scenerep_training.evaluation.framework.protocol import (
    Metrics,
    Protocol,
    PublishedResult,
    Result,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.metrics.masks import (
    best_region,
    best_union,
    mask_iou,
    max_f_beta,
    pixel_accuracy,
)

TOKENCUT = "Wang et al., CVPR 2022, ECSSD"


@register_protocol
class Saliency(Protocol):
    """Unsupervised saliency detection, measured as in TokenCut (Wang et al., CVPR 2022).

    A sample is an image. `iou`, `accuracy` and `f_beta` are of the foreground that the pipeline
    predicts: every pixel of any object. It predicts a mask without confidences, so the maximum
    F-measure over thresholds (beta squared 0.3) is that of the mask itself. `--degrade` degrades
    the images that the pipeline receives.

    Metrics with the prefix `oracle_` select by the ground truth and are upper bounds for the same
    clusters and objects, not results: the best single cluster, before objects are segmented; the
    best union of clusters; the best single object.
    """

    name = "saliency"
    headline = ("iou", "accuracy", "f_beta")
    published = (
        PublishedResult("TokenCut", {"iou": 71.2, "accuracy": 91.8, "f_beta": 80.3}, TOKENCUT),
        PublishedResult(
            "TokenCut + bilateral solver",
            {"iou": 77.2, "accuracy": 93.4, "f_beta": 87.4},
            TOKENCUT,
        ),
    )

    def __init__(
        self, data: Path, config: PipelineConfig, degradations: Sequence[str] = ()
    ) -> None:
        super().__init__(data, config)
        self.images = list_saliency(data)
        self.degradations = degradations
        self.pipeline = Pipeline(config)
        self.recorder = ClusterRecorder(self.pipeline.segmenter)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --degrade."""
        add_degrade_flag(parser)

    def samples(self) -> Sequence[str]:
        """Return the stems of the images."""
        return list(self.images)

    def evaluate(self, sample: str) -> Result:
        """Segment one image and compare its foreground with the ground truth."""
        color, truth = self.images[sample].read()
        frame = degrade(self.degradations, RGBDFrame(color, name=sample))
        self.pipeline.reset()
        self.recorder.clusters = None
        labels = self.pipeline(frame).labels
        foreground = (labels != BACKGROUND) & (labels != UNLABELLED)
        metrics = foreground_metrics(foreground, truth)
        if self.recorder.clusters is not None:
            regions = self.recorder.clusters.label_image(truth.shape)
            metrics |= oracle_metrics(labels, regions, truth)
        return Result(metrics, draw_comparison(frame.color, truth, foreground))


def foreground_metrics(foreground: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Metrics:
    """Compare the predicted foreground (H, W) with the ground truth (H, W)."""
    return {
        "iou": mask_iou(foreground, truth),
        "accuracy": pixel_accuracy(foreground, truth),
        "f_beta": max_f_beta(foreground, truth),
    }


def oracle_metrics(
    labels: NDArray[np.integer], regions: NDArray[np.integer], truth: NDArray[np.bool_]
) -> Metrics:
    """Return the IoU of an oracle's choice among objects and clusters.

    Args:
        labels: (H, W) objects.
        regions: (H, W) clusters.
        truth: (H, W) bool, foreground.
    """
    objects = np.where(labels == UNLABELLED, BACKGROUND, labels)
    return {
        "oracle_cluster_iou": best_region(regions, truth)[1],
        "oracle_union_iou": best_union(regions, truth)[1],
        "oracle_object_iou": best_region(objects, truth)[1],
    }
