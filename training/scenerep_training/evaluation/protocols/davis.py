"""`davis`: how far frozen features carry the first frame's masks through a video."""

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
from scenerep_training.evaluation.figures.pictures import contours
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    ERROR,
    Figures,
    Protocol,
    Published,
    Quantity,
    Result,
    Row,
    Table,
)
from scenerep_training.evaluation.label_propagation.online_propagation import OnlinePropagation
from scenerep_training.evaluation.label_propagation.propagation import DinoPropagation
from scenerep_training.evaluation.metrics.masks import mask_iou
from scenerep_training.evaluation.metrics.video_objects import (
    SequenceStatistics,
    contour_f,
    sequence_statistics,
)

Labels = NDArray[np.uint16]

DINO = "Caron et al., ICCV 2021, DAVIS 2017 val"
Carry = Callable[[torch.Tensor, Image], Labels]
"""From a frame's features and image to its labels."""
PROPAGATIONS: Mapping[str, Callable[[torch.Tensor, Image, Labels], Carry]] = {
    "online": OnlinePropagation,
    "dino": DinoPropagation,
}
"""What starts on the first frame's features, image and labels."""
KINDS = SequenceStatistics._fields
SHORTEST = 3
"""Frames of a sequence, of which the first and the last do not count."""


class Davis(Protocol):
    """Semi-supervised video object segmentation without any training (DAVIS; DINO's protocol).

    A sample is a sequence, whose first frame's masks are carried through it at 480 pixels of the
    image's shorter side. `--propagation online`, the default, does it as `online_propagation` says.
    `--propagation dino` measures features as DINO's published evaluation does, as `propagation`
    says: top 5 cells of the first frame and 7 frames before, within 12 grid cells, temperature 0.1.

    J and F and their sequence_statistics are those of the DAVIS 2017 benchmark (`metrics.video_objects`):
    one value an object and frame, the first and the last frame of a sequence left out, sequence_statistics
    along each object's frames, then the mean over all objects, each counting the same. The objects
    are those of the first frame. `--frames` cuts sequences short and is no figure of the benchmark.
    The carried masks are left in the run's folder, as the benchmark's own tool reads them.
    """

    name = "davis"
    headline = ("jf_mean", "j_mean", "f_mean")
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "objects": COUNT,
        "j_decay": ERROR,
        "f_decay": ERROR,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"resolution": 480}
    published = (
        Published("DINO ViT-S/16", {"jf_mean": 61.8, "j_mean": 60.2, "f_mean": 63.4}, DINO),
        Published("DINO ViT-S/8", {"jf_mean": 69.9, "j_mean": 66.6, "f_mean": 73.1}, DINO),
        Published("DINO ViT-B/16", {"jf_mean": 62.3, "j_mean": 60.7, "f_mean": 63.9}, DINO),
        Published("DINO ViT-B/8", {"jf_mean": 71.4, "j_mean": 67.9, "f_mean": 74.9}, DINO),
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
        self.start = PROPAGATIONS[propagation]
        self.backbone = load_backbone(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --frames and --propagation."""
        parser.add_argument(
            "--frames", type=positive, metavar="N", help="only the first N frames of each sequence"
        )
        parser.add_argument(
            "--propagation",
            choices=list(PROPAGATIONS),
            default="online",
            help="how masks are carried (default: %(default)s)",
        )

    def samples(self) -> Sequence[str]:
        """Names of the sequences."""
        return list(self.sequences)

    def group(self, sample: str) -> str:
        """Name of the sequence."""
        return sample

    def evaluate(self, sample: str) -> Result:
        """Carry one sequence's first masks to its end and compare."""
        sequence = self.sequences[sample]
        length = min(len(sequence), self.frames or len(sequence))
        if length < SHORTEST:
            raise FrameError(f"{sample}: {length} frames are too few, the first and last not count")
        first = read_truth(sequence, 0)
        if not first.any():
            raise FrameError(f"{sequence.frame_name(0)}: the first annotation of {sample} is empty")
        strip, values = FilmStrip(length), []
        for index, color, predicted in self._carried(sequence, first, length):
            truth = read_truth(sequence, index)
            values.append(compare(predicted, truth, int(first.max())))
            self._keep(sample, sequence.frame_name(index), predicted)
            if strip.wants(index):
                strip.add(contours(blend_labels(color, predicted), truth))
        return Result(object_means(np.array(values)[1:-1]), strip.picture())

    def _carried(
        self, sequence: DavisSequence, first: Labels, length: int
    ) -> Iterator[tuple[int, Image, Labels]]:
        """Index, image and labels of each frame; the first one's are given."""
        color = sequence[0].color
        propagation = self.start(self._grid(color), color, first)
        yield 0, color, first
        for index in range(1, length):
            color = sequence[index].color
            yield index, color, propagation(self._grid(color), color)

    def _grid(self, color: Image) -> torch.Tensor:
        return self.backbone(color, self.config.resolution).grid

    def _keep(self, sample: str, frame: str, labels: Labels) -> None:
        write_image(self.folder / "masks" / sample / f"{frame}.png", labels.astype(np.uint8))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Means over each sequence's objects, and over all objects."""
        means = {row.name: row.figures for row in rows}
        return [Table("mean over objects", means | {"all": over_objects(rows)})]


def read_truth(sequence: DavisSequence, index: int) -> Labels:
    """Object ids (H, W) of one frame.

    Raises:
        FrameError: if it has none.
    """
    truth = sequence.ground_truth(index)
    if truth is None:
        raise FrameError(f"{sequence.name}/{sequence.frame_name(index)}: has no annotation")
    return truth


def compare(predicted: Labels, truth: Labels, count: int) -> NDArray[np.float64]:
    """J and F of the objects 1..count of one frame, (count, 2)."""
    masks = [(predicted == label, truth == label) for label in range(1, count + 1)]
    return np.array([(mask_iou(*pair), contour_f(*pair)) for pair in masks])


def object_means(values: NDArray[np.float64]) -> Figures:
    """Mean over a sequence's objects of their sequence_statistics.

    Args:
        values: (frames, objects, 2): J and F.
    """
    figures: Figures = {"objects": float(values.shape[1])}
    for name, columns in zip("jf", values.transpose(2, 1, 0), strict=True):
        means = np.mean([sequence_statistics(column) for column in columns], axis=0)
        figures |= {f"{name}_{kind}": float(v) for kind, v in zip(KINDS, means, strict=True)}
    return {"jf_mean": (figures["j_mean"] + figures["f_mean"]) / 2} | figures


def over_objects(rows: Sequence[Row]) -> Figures:
    """Mean over all objects of all sequences, from the means over each sequence's."""
    weights = [row.figures["objects"] for row in rows]
    names = [name for name in rows[0].figures if name != "objects"]
    means = {
        name: float(np.average([row.figures[name] for row in rows], weights=weights))
        for name in names
    }
    return means | {"objects": sum(weights)}
