"""`co3d`: whether clusters of a backbone's features find the one object of an image."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_training.datasets.single_object import list_single_object
from scenerep_training.evaluation.figures.pictures import comparison
from scenerep_training.evaluation.framework.cluster_recorder import ClusterRecorder
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    Protocol,
    Published,
    Result,
    Row,
    Table,
    group_means,
    mean,
    sequence_of,
)
from scenerep_training.evaluation.metrics.masks import best_region

STUDY = "original study, CO3D"
UNDEFINED = float("nan")


class Co3d(Protocol):
    """IoU of the foreground on CO3D (Reizenstein et al., ICCV 2021), as in the original study.

    A sample is a frame; all of them, or every n-th. The clusters of its features, at the image's
    size and before anything is cut or named, are compared with the mask, and the best one counts:
    an oracle chooses it. Frames whose mask is empty have no figure. The clustering is whatever the
    options say (kmeans with 2 clusters, or kmeans_knee; pca; resolution 256 or 512). The groups
    are CO3D's categories; of DAVIS-2016, which is read as well, its sequences.

    `object_iou` is of the best object, out of `objects`, that the whole pipeline cuts from the frame
    alone: what a robot would act on. The background is none.
    """

    name = "co3d"
    headline = ("iou", "object_iou")
    published = (
        Published("ODIN 256", {"iou": 78.6}, STUDY),
        Published("ODIN 512", {"iou": 59.08}, STUDY),
        Published("BYOL 256", {"iou": 66.58}, STUDY),
        Published("BYOL 256 + PCA", {"iou": 66.58}, STUDY),
        Published("BYOL 512", {"iou": 78.01}, STUDY),
        Published("BYOL 512 + PCA", {"iou": 78.01}, STUDY),
    )

    quantities = {"clusters": COUNT, "objects": COUNT}  # noqa: RUF012
    unit = staticmethod(sequence_of)

    def __init__(self, data: Path, config: PipelineConfig, every: int = 1) -> None:
        super().__init__(data, config)
        self.frames = list_single_object(data)
        self.every = every
        self.pipeline = Pipeline(config)
        self.recorder = ClusterRecorder(self.pipeline.segmenter)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --every."""
        parser.add_argument(
            "--every",
            type=positive,
            default=1,
            metavar="N",
            help="measure one frame in N (default: 1)",
        )

    def samples(self) -> Sequence[str]:
        """Names of the frames."""
        return list(self.frames)[:: self.every]

    def group(self, sample: str) -> str:
        """Category of CO3D, sequence of DAVIS."""
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
        regions = clusters.label_image(truth.shape).cpu().numpy()
        best, iou = best_region(regions, truth)
        found = best_region(np.where(objects == UNLABELLED, BACKGROUND, objects), truth)[1]
        figures = {
            "iou": iou if truth.any() else UNDEFINED,
            "clusters": float(len(clusters.scores)),
            "object_iou": found if truth.any() else UNDEFINED,
            "objects": float(len(np.setdiff1d(objects, (BACKGROUND, UNLABELLED)))),
        }
        return Result(figures, comparison(color, truth, regions == best))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Means over frames, of each group and of all, and the mean over the groups."""
        table = group_means(rows)
        groups = [Row(name, name, part) for name, part in table.rows.items() if name != "all"]
        if groups:
            table.rows["mean of groups"] = mean(groups)
        return [table]
