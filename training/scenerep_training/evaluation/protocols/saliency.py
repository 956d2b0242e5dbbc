"""`saliency`: how well the foreground of an image is found, named by the pipeline or by an oracle."""

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
from scenerep_training.evaluation.figures.pictures import comparison
from scenerep_training.evaluation.framework.cluster_recorder import ClusterRecorder
from scenerep_training.evaluation.framework.degradations import add_degrade, degrade
from scenerep_training.evaluation.framework.protocol import Protocol, Published, Result
from scenerep_training.evaluation.metrics.masks import (
    best_region,
    best_union,
    mask_iou,
    max_f_beta,
    pixel_accuracy,
)

TOKENCUT = "Wang et al., CVPR 2022, ECSSD"


class Saliency(Protocol):
    """Unsupervised saliency detection, measured as in TokenCut (Wang et al., CVPR 2022).

    A sample is an image. `iou`, `accuracy` and `f_beta` are of the foreground as the pipeline names
    it: every pixel of any object. It gives a mask and no map of how sure it is, so that the maximum
    F-measure (beta squared 0.3) over thresholds is the mask's own. `--degrade` spoils the images
    before the pipeline sees them.

    Figures that begin with `oracle_` choose by looking at the truth, and say what the same clusters
    and objects could give: the best single cluster, before objects are cut; the best union of
    clusters; the best single object. They are no results.
    """

    name = "saliency"
    headline = ("iou", "accuracy", "f_beta")
    published = (
        Published("TokenCut", {"iou": 71.2, "accuracy": 91.8, "f_beta": 80.3}, TOKENCUT),
        Published(
            "TokenCut + bilateral solver",
            {"iou": 77.2, "accuracy": 93.4, "f_beta": 87.4},
            TOKENCUT,
        ),
    )

    def __init__(self, data: Path, config: PipelineConfig, degraded: Sequence[str] = ()) -> None:
        super().__init__(data, config)
        self.images = list_saliency(data)
        self.degraded = degraded
        self.pipeline = Pipeline(config)
        self.recorder = ClusterRecorder(self.pipeline.segmenter)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --degrade."""
        add_degrade(parser)

    def samples(self) -> Sequence[str]:
        """Stems of the images."""
        return list(self.images)

    def evaluate(self, sample: str) -> Result:
        """Segment one image and compare its foreground."""
        color, truth = self.images[sample].read()
        frame = degrade(self.degraded, RGBDFrame(color, name=sample))
        self.pipeline.reset()
        self.recorder.clusters = None
        labels = self.pipeline(frame).labels
        foreground = (labels != BACKGROUND) & (labels != UNLABELLED)
        figures = named(foreground, truth)
        if self.recorder.clusters is not None:
            regions = self.recorder.clusters.label_image(truth.shape).cpu().numpy()
            figures |= oracle(labels, regions, truth)
        return Result(figures, comparison(frame.color, truth, foreground))


def named(foreground: NDArray[np.bool_], truth: NDArray[np.bool_]) -> dict[str, float]:
    """Figures of the foreground as the pipeline names it."""
    return {
        "iou": mask_iou(foreground, truth),
        "accuracy": pixel_accuracy(foreground, truth),
        "f_beta": max_f_beta(foreground, truth),
    }


def oracle(
    labels: NDArray[np.integer], regions: NDArray[np.integer], truth: NDArray[np.bool_]
) -> dict[str, float]:
    """IoU of what somebody who knows the truth would choose."""
    objects = np.where(labels == UNLABELLED, BACKGROUND, labels)
    return {
        "oracle_cluster_iou": best_region(regions, truth)[1],
        "oracle_union_iou": best_union(regions, truth)[1],
        "oracle_object_iou": best_region(objects, truth)[1],
    }
