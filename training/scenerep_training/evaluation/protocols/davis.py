"""`davis`: J&F of the first frame's masks, propagated through a video by frozen features."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.render import Image, blend_labels
from scenerep_training.datasets.davis import DavisSequence, list_davis_sequences
from scenerep_training.evaluation.figures.film_strip import FilmStrip
from scenerep_training.evaluation.figures.pictures import draw_contours
from scenerep_training.evaluation.framework.flags import add_frames_flag
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    ERROR_RATIO,
    Metrics,
    MetricSpec,
    Protocol,
    PublishedResult,
    Result,
    Row,
    Table,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.label_propagation.online_propagation import OnlinePropagation
from scenerep_training.evaluation.label_propagation.propagation import DinoPropagation
from scenerep_training.evaluation.metrics.j_and_f import (
    SequenceStatistics,
    contour_f,
    sequence_statistics,
)
from scenerep_training.evaluation.metrics.masks import mask_iou

Labels = NDArray[np.uint16]

DINO = "Caron et al., ICCV 2021, DAVIS 2017 val"
Propagation = Callable[[torch.Tensor, Image], Labels]
"""Function from a frame's feature grid and image to its labels."""
PROPAGATIONS: Mapping[str, Callable[[torch.Tensor, Image, Labels], Propagation]] = {
    "online": OnlinePropagation,
    "dino": DinoPropagation,
}
"""Factories of a propagation from the first frame's feature grid, image and labels."""
STATISTICS = SequenceStatistics._fields
MIN_FRAMES = 3
"""Length of the shortest sequence; its first and last frame are not scored."""


@register_protocol
class Davis(Protocol):
    """Semi-supervised video object segmentation without training (DAVIS; DINO's protocol).

    A sample is a sequence, whose first frame's masks are propagated at 480 pixels of the image's
    shorter side. `--propagation online`, the default, is defined in `online_propagation`.
    `--propagation dino` reproduces DINO's published evaluation (STC's label propagation, see
    `propagation`): top 5 patches of the first frame and 7 context frames, within 12 patches,
    temperature 0.1.

    J and F (Perazzi et al., CVPR 2016) and their statistics are those of the DAVIS 2017 benchmark
    (`metrics.j_and_f`): one value for each object and frame, without the first and last frame
    of a sequence; statistics over each object's frames; mean over all objects of the first frames.
    `--frames` shortens the sequences, which deviates from the benchmark. The propagated masks are
    in the run's folder, in the format of the benchmark's own tool.
    """

    name = "davis"
    headline = ("jf_mean", "j_mean", "f_mean")
    metric_specs: ClassVar[Mapping[str, MetricSpec]] = {
        "objects": COUNT,
        "j_decay": ERROR_RATIO,
        "f_decay": ERROR_RATIO,
    }
    default_options: ClassVar[Mapping[str, Any]] = {"resolution": 480}
    published = (
        PublishedResult("DINO ViT-S/16", {"jf_mean": 61.8, "j_mean": 60.2, "f_mean": 63.4}, DINO),
        PublishedResult("DINO ViT-S/8", {"jf_mean": 69.9, "j_mean": 66.6, "f_mean": 73.1}, DINO),
        PublishedResult("DINO ViT-B/16", {"jf_mean": 62.3, "j_mean": 60.7, "f_mean": 63.9}, DINO),
        PublishedResult("DINO ViT-B/8", {"jf_mean": 71.4, "j_mean": 67.9, "f_mean": 74.9}, DINO),
    )

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        frames: int | None = None,
        propagation: str = "online",
    ) -> None:
        super().__init__(data, config)
        self.sequences = list_davis_sequences(data)
        self.frames = frames
        self.start_propagation = PROPAGATIONS[propagation]
        self.backbone = load_backbone(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --frames and --propagation."""
        add_frames_flag(parser, "sequence")
        parser.add_argument(
            "--propagation",
            choices=list(PROPAGATIONS),
            default="online",
            help="method of label propagation (default: %(default)s)",
        )

    def samples(self) -> Sequence[str]:
        """Return the names of the sequences."""
        return list(self.sequences)

    def group(self, sample: str) -> str:
        """Return the name of the sequence."""
        return sample

    def evaluate(self, sample: str) -> Result:
        """Propagate the first masks through one sequence and compare with the ground truth."""
        sequence = self.sequences[sample]
        length = check_length(sequence, self.frames)
        first = read_truth(sequence, 0)
        if not first.any():
            raise FrameError(f"{sequence.frame_name(0)}: the first annotation of {sample} is empty")
        strip, scores = FilmStrip(length), []
        for index, color, predicted in self._propagate(sequence, first, length):
            truth = read_truth(sequence, index)
            scores.append(frame_scores(predicted, truth, int(first.max())))
            self._write_mask(sample, sequence.frame_name(index), predicted)
            if strip.is_selected(index):
                strip.add(draw_contours(blend_labels(color, predicted), truth))
        return Result(sequence_metrics(np.array(scores)[1:-1]), strip.picture())

    def _propagate(
        self, sequence: DavisSequence, first: Labels, length: int
    ) -> Iterator[tuple[int, Image, Labels]]:
        """Yield index, image and labels of each frame; the first frame's labels are given."""
        color = sequence[0].color
        propagation = self.start_propagation(self._feature_grid(color), color, first)
        yield 0, color, first
        for index in range(1, length):
            color = sequence[index].color
            yield index, color, propagation(self._feature_grid(color), color)

    def _feature_grid(self, color: Image) -> torch.Tensor:
        grid = self.backbone(color, self.config.resolution).grid
        return torch.from_numpy(grid).to(self.backbone.device)

    def _write_mask(self, sample: str, frame: str, labels: Labels) -> None:
        write_image(self.folder / "masks" / sample / f"{frame}.png", labels.astype(np.uint8))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Average over each sequence's objects, and over all objects."""
        means = {row.name: row.metrics for row in rows}
        return [Table("mean over objects", means | {"all": mean_over_objects(rows)})]


def check_length(sequence: DavisSequence, frames: int | None) -> int:
    """Return the number of frames to use, at most `frames`.

    Raises:
        FrameError: if they are too few to be scored.
    """
    length = min(len(sequence), frames or len(sequence))
    if length < MIN_FRAMES:
        raise FrameError(
            f"{sequence.name}: {length} frames are too few; the first and the last are not scored"
        )
    return length


def read_truth(sequence: DavisSequence, index: int) -> Labels:
    """Read the object ids (H, W) of one frame.

    Raises:
        FrameError: if it has no annotation.
    """
    truth = sequence.ground_truth(index)
    if truth is None:
        raise FrameError(f"{sequence.name}/{sequence.frame_name(index)}: has no annotation")
    return truth


def frame_scores(predicted: Labels, truth: Labels, object_count: int) -> NDArray[np.float64]:
    """Compute J and F of the objects 1..object_count of one frame: (object_count, 2)."""
    masks = [(predicted == label, truth == label) for label in range(1, object_count + 1)]
    return np.array([(mask_iou(*pair), contour_f(*pair)) for pair in masks])


def sequence_metrics(scores: NDArray[np.float64]) -> Metrics:
    """Average the statistics of a sequence's objects.

    Args:
        scores: (frames, objects, 2), J and F.
    """
    metrics: Metrics = {"objects": float(scores.shape[1])}
    for name, columns in zip("jf", scores.transpose(2, 1, 0), strict=True):
        means = np.mean([sequence_statistics(column) for column in columns], axis=0)
        metrics |= {f"{name}_{kind}": float(v) for kind, v in zip(STATISTICS, means, strict=True)}
    return {"jf_mean": (metrics["j_mean"] + metrics["f_mean"]) / 2} | metrics


def mean_over_objects(rows: Sequence[Row]) -> Metrics:
    """Average over all objects of all sequences, from the means over each sequence's objects."""
    weights = [row.metrics["objects"] for row in rows]
    names = [name for name in rows[0].metrics if name != "objects"]
    means = {
        name: float(np.average([row.metrics[name] for row in rows], weights=weights))
        for name in names
    }
    return means | {"objects": sum(weights)}
