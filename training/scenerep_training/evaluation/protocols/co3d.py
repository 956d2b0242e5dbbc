"""`co3d`: IoU of the best cluster with an image's single object."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_training.datasets.single_object import list_single_object
from scenerep_training.evaluation.figures.pictures import draw_comparison
from scenerep_training.evaluation.framework.cluster_recorder import ClusterRecorder
from scenerep_training.evaluation.framework.flags import add_every_flag
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    Protocol,
    PublishedResult,
    Result,
    Row,
    Table,
    group_means,
    mean_metrics,
    sequence_of,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.metrics.masks import best_region

STUDY = "original study, CO3D"
UNDEFINED = float("nan")


@register_protocol
class Co3d(Protocol):
    """IoU of the foreground on CO3D (Reizenstein et al., ICCV 2021), as in the original study.

    A sample is a frame; all frames, or every n-th. The clusters of its features, upsampled to the
    image and before the segmentation of objects, are compared with the mask; the best cluster
    counts, an oracle's choice. Frames with an empty mask have no metrics. The options choose the
    clustering (kmeans with 2 clusters, or kmeans_knee; PCA; resolution 256 or 512). The groups are
    CO3D's categories or, for DAVIS-2016 data, its sequences.

    `object_iou` is the IoU of the best object, out of `objects`, that the whole pipeline segments
    in the frame alone, as a robot would use it. The background is no object.
    """

    name = "co3d"
    headline = ("iou", "object_iou")
    published = (
        PublishedResult("ODIN 256", {"iou": 78.6}, STUDY),
        PublishedResult("ODIN 512", {"iou": 59.08}, STUDY),
        PublishedResult("BYOL 256", {"iou": 66.58}, STUDY),
        PublishedResult("BYOL 256 + PCA", {"iou": 66.58}, STUDY),
        PublishedResult("BYOL 512", {"iou": 78.01}, STUDY),
        PublishedResult("BYOL 512 + PCA", {"iou": 78.01}, STUDY),
    )
    metric_specs: ClassVar = {"clusters": COUNT, "objects": COUNT}
    resampling_unit = staticmethod(sequence_of)

    def __init__(
        self, data: Path, config: PipelineConfig, every: int = 1, backbone: Backbone | None = None
    ) -> None:
        super().__init__(data, config)
        self.frames = list_single_object(data)
        self.every = every
        self.pipeline = Pipeline(config, backbone=backbone)
        self.recorder = ClusterRecorder(self.pipeline.segmenter)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --every."""
        add_every_flag(parser, "measure one frame in N")

    def samples(self) -> Sequence[str]:
        """Return the names of the frames."""
        return list(self.frames)[:: self.every]

    def group(self, sample: str) -> str:
        """Return the category of CO3D or the sequence of DAVIS."""
        return sample.split("/")[0]

    def evaluate(self, sample: str) -> Result:
        """Cluster one frame and find the best cluster."""
        color, truth = self.frames[sample].read()
        features = self.pipeline.backbone(color, self.config.resolution)
        segmenter = self.pipeline.segmenter
        prepared = segmenter.prepare(FrameContext(RGBDFrame(color, name=sample)))
        objects = segmenter.segment(features, prepared).labels
        clusters = self.recorder.clusters
        assert clusters is not None
        regions = clusters.label_image(truth.shape)
        best_label, iou = best_region(regions, truth)
        object_iou = best_region(np.where(objects == UNLABELLED, BACKGROUND, objects), truth)[1]
        metrics = {
            "iou": iou if truth.any() else UNDEFINED,
            "clusters": float(len(clusters.scores)),
            "object_iou": object_iou if truth.any() else UNDEFINED,
            "objects": float(len(np.setdiff1d(objects, (BACKGROUND, UNLABELLED)))),
        }
        return Result(metrics, draw_comparison(color, truth, regions == best_label))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Average over the frames of each group and of all, and over the groups."""
        table = group_means(rows)
        groups = [Row(name, name, means) for name, means in table.rows.items() if name != "all"]
        if groups:
            table.rows["mean of groups"] = mean_metrics(groups)
        return [table]
