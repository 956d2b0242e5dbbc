"""`objects`: overlap and boundary F of the objects in single frames, RGB-D or RGB."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_training.datasets.object_scenes import ObjectScenes
from scenerep_training.datasets.recordings import has_depth
from scenerep_training.evaluation.figures.pictures import draw_comparison
from scenerep_training.evaluation.framework.degradations import add_degrade_flag, degrade
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    Protocol,
    PublishedResult,
    Result,
    sequence_of,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.metrics.objects import object_metrics


@register_protocol
class Objects(Protocol):
    """Unseen object instance segmentation (Xie et al., CoRL 2020; Dave et al., ICCVW 2019).

    A sample is an image. Tracking is reset before each, so that frames of one sequence are
    measured as still images. The metrics are those of `metrics.objects`; as in the papers, each is
    the mean of the values of the images. `--no-use-depth` measures RGB; `--degrade` degrades the
    frames that the pipeline receives.
    """

    name = "objects"
    headline = ("overlap_f", "boundary_f", "found_75", "best_iou", "ari")
    published = (
        PublishedResult(
            "UOIS-Net-3D", {"overlap_f": 83.3}, "Xie et al., T-RO 2021, OSD, synthetic labels"
        ),
        PublishedResult(
            "UCN", {"overlap_f": 87.4}, "Xiang et al., CoRL 2020, OSD, synthetic labels"
        ),
    )
    metric_specs: ClassVar = {"objects": COUNT, "predicted": COUNT}
    resampling_unit = staticmethod(sequence_of)

    def __init__(
        self, data: Path, config: PipelineConfig, degradations: Sequence[str] = ()
    ) -> None:
        super().__init__(data, config)
        self.scenes = ObjectScenes(data)
        self.degradations = degradations
        self.pipeline = Pipeline(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --degrade."""
        add_degrade_flag(parser)

    def samples(self) -> Sequence[str]:
        """Return the names of the frames."""
        return self.scenes.names()

    def has_depth(self) -> bool:
        """Return whether the first readable frame has depth."""
        return has_depth(partial(self._read_frame, name) for name in self.samples())

    def evaluate(self, sample: str) -> Result:
        """Segment one frame and compare it with the ground truth."""
        frame, truth = self.scenes.read(sample)
        frame = degrade(self.degradations, frame)
        self.pipeline.reset()
        labels = self.pipeline(frame).labels
        return Result(object_metrics(labels, truth), draw_comparison(frame.color, truth, labels))

    def _read_frame(self, sample: str) -> RGBDFrame:
        return self.scenes.read(sample)[0]
