"""`objects`: how well single frames are cut into objects, RGB-D or RGB."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.pipeline import Pipeline
from scenerep_training.datasets.object_scenes import ObjectScenes
from scenerep_training.evaluation.figures.pictures import comparison
from scenerep_training.evaluation.framework.degradations import add_degrade, degrade
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    Protocol,
    Published,
    Result,
    sequence_of,
)
from scenerep_training.evaluation.metrics.objects import object_metrics


class Objects(Protocol):
    """Unseen object instance segmentation (Xie et al., CoRL 2020; Dave et al., ICCVW 2019).

    A sample is an image. The pipeline forgets all objects before each, so that frames of one
    sequence are measured as still images. The figures are those of `metrics.objects`; as in the
    papers, each is the mean over images of the image's own figure. `--no-use-depth` makes it RGB;
    `--degrade` spoils the frames before the pipeline sees them.
    """

    name = "objects"
    headline = ("overlap_f", "boundary_f", "found_75", "best_iou", "ari")
    published = (
        Published(
            "UOIS-Net-3D", {"overlap_f": 83.3}, "Xie et al., T-RO 2021, OSD, synthetic labels"
        ),
        Published("UCN", {"overlap_f": 87.4}, "Xiang et al., CoRL 2020, OSD, synthetic labels"),
    )

    quantities = {"objects": COUNT, "predicted": COUNT}  # noqa: RUF012
    unit = staticmethod(sequence_of)

    def __init__(self, data: Path, config: PipelineConfig, degraded: Sequence[str] = ()) -> None:
        super().__init__(data, config)
        self.scenes = ObjectScenes(data)
        self.degraded = degraded
        self.pipeline = Pipeline(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --degrade."""
        add_degrade(parser)

    def samples(self) -> Sequence[str]:
        """Names of the frames."""
        return self.scenes.names()

    def evaluate(self, sample: str) -> Result:
        """Segment one frame and compare."""
        frame, truth = self.scenes.read(sample)
        frame = degrade(self.degraded, frame)
        self.pipeline.reset()
        labels = self.pipeline(frame).labels
        return Result(object_metrics(labels, truth), comparison(frame.color, truth, labels))
