"""`unsupervised`: J and F of one foreground mask a frame of a video, chosen without annotations."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import BACKGROUND, UNLABELLED, SceneSegmentation
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.render import blend_labels
from scenerep_ros.tracking.background_motion import CONSTANTS as MOTION
from scenerep_training.datasets.davis import list_davis_sequences
from scenerep_training.evaluation.figures.film_strip import FilmStrip
from scenerep_training.evaluation.figures.pictures import draw_contours
from scenerep_training.evaluation.framework.flags import add_frames_flag
from scenerep_training.evaluation.framework.protocol import (
    ERROR_RATIO,
    Metrics,
    MetricSpec,
    Protocol,
    PublishedResult,
    Result,
    Row,
    Table,
    mean_metrics,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.metrics.j_and_f import contour_f
from scenerep_training.evaluation.metrics.masks import mask_iou
from scenerep_training.evaluation.protocols.davis import (
    check_length,
    read_truth,
    sequence_metrics,
)

Mask = NDArray[np.bool_]

TOKENCUT = "Wang et al., TPAMI 2023, DAVIS-2016 val"
RCF = "Lian et al., CVPR 2023, DAVIS-2016 val"


@register_protocol
class Unsupervised(Protocol):
    """Unsupervised video object segmentation (DAVIS-2016; Perazzi et al., CVPR 2016).

    A sample is a sequence, which the whole pipeline segments in order, starting without tracks. The
    single mask of a frame is the union of the objects that move against the background, on average
    at least 1.5 times as fast as the frame; it is the union of all objects where none does, and
    where no motion is known: at the first frame, after a cut and with `--no-track`. Annotations
    take no part in this choice. All annotated objects of a frame are one foreground.

    J and F and their statistics are those of `davis`: without the first and last frame of a
    sequence, over the frames of each sequence, then over the sequences. `foreground_j` is the J of
    the union of all objects, and `object_j` that of the best single object, an oracle's choice.
    `--frames` shortens the sequences, which deviates from the benchmark. The masks are in the run's
    folder, in the format of the benchmark's own tool.
    """

    name = "unsupervised"
    headline = ("j_mean", "f_mean", "jf_mean")
    published = (
        PublishedResult("TokenCut + flow", {"j_mean": 64.3}, TOKENCUT),
        PublishedResult("TokenCut + flow + CRF", {"j_mean": 76.7}, TOKENCUT),
        PublishedResult("RCF", {"j_mean": 80.9}, RCF),
        PublishedResult("RCF + CRF", {"j_mean": 83.0}, RCF),
    )
    metric_specs: ClassVar[Mapping[str, MetricSpec]] = {
        "j_decay": ERROR_RATIO,
        "f_decay": ERROR_RATIO,
    }

    def __init__(self, data: Path, config: PipelineConfig, frames: int | None = None) -> None:
        super().__init__(data, config)
        self.sequences = list_davis_sequences(data)
        self.frames = frames
        self.pipeline = Pipeline(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --frames."""
        add_frames_flag(parser, "sequence")

    def samples(self) -> Sequence[str]:
        """Return the names of the sequences."""
        return list(self.sequences)

    def group(self, sample: str) -> str:
        """Return the name of the sequence."""
        return sample

    def evaluate(self, sample: str) -> Result:
        """Segment one sequence and compare the foreground of each frame with the ground truth."""
        sequence = self.sequences[sample]
        length = check_length(sequence, self.frames)
        strip, scores, bounds = FilmStrip(length), [], []
        self.pipeline.reset()
        for index in range(length):
            frame, truth = sequence[index], read_truth(sequence, index) > 0
            scene = self.pipeline(frame)
            predicted = choose_foreground(scene)
            scores.append([(mask_iou(predicted, truth), contour_f(predicted, truth))])
            bounds.append(_bounds(scene, truth))
            path = self.folder / "masks" / sample / f"{sequence.frame_name(index)}.png"
            write_image(path, predicted.astype(np.uint8) * np.uint8(255))
            if strip.is_selected(index):
                overlay = blend_labels(frame.color, predicted.astype(np.uint16))
                strip.add(draw_contours(overlay, truth.astype(np.uint16)))
        foreground_j, object_j = np.mean(bounds[1:-1], axis=0).tolist()
        metrics = sequence_metrics(np.array(scores)[1:-1])
        del metrics["objects"]
        return Result(
            metrics | {"foreground_j": foreground_j, "object_j": object_j}, strip.picture()
        )

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """List each sequence, and average over the sequences."""
        means: dict[str, Metrics] = {row.name: row.metrics for row in rows}
        return [Table("mean over frames", means | {"all": mean_metrics(rows)})]


def choose_foreground(scene: SceneSegmentation) -> Mask:
    """Choose the foreground of a frame: its moving objects, or else all objects.

    Returns:
        (H, W) bool.
    """
    labels = scene.labels
    is_object = (labels != BACKGROUND) & (labels != UNLABELLED)
    if scene.motion is None or not is_object.any():
        return is_object
    # Average the speed over each object.
    speed = cv2.resize(scene.motion, labels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    areas = np.bincount(labels[is_object])
    mean_speeds = np.bincount(labels[is_object], speed[is_object]) / np.maximum(areas, 1)
    is_moving = mean_speeds >= MOTION.min_relative_speed * float(speed.mean())
    is_moving &= areas > 0
    if not is_moving.any():
        return is_object
    return np.asarray(is_object & np.isin(labels, np.flatnonzero(is_moving)), np.bool_)


def _bounds(scene: SceneSegmentation, truth: Mask) -> tuple[float, float]:
    """Return the IoU of all objects together and of the best single object."""
    objects = np.where(scene.labels == UNLABELLED, BACKGROUND, scene.labels)
    ious = [mask_iou(objects == item.id, truth) for item in scene.objects]
    return mask_iou(objects > 0, truth), max(ious, default=0.0)
