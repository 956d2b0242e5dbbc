"""`davis`: how far frozen features carry the first frame's masks through a video."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.files import write_image
from scenerep_ros.render import Image, tinted
from scenerep_training.evaluation.datasets.davis import DavisSequence, list_davis_sequences
from scenerep_training.evaluation.film_strip import FilmStrip
from scenerep_training.evaluation.flags import positive
from scenerep_training.evaluation.metrics.masks import mask_iou
from scenerep_training.evaluation.metrics.video_objects import (
    Statistics,
    contour_f,
    statistics,
)
from scenerep_training.evaluation.pictures import contours
from scenerep_training.evaluation.propagation import LabelPropagation
from scenerep_training.evaluation.protocol import (
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

Labels = NDArray[np.uint16]

DINO = "Caron et al., ICCV 2021, DAVIS 2017 val"
KINDS = Statistics._fields
SHORTEST = 3
"""Frames of a sequence, of which the first and the last do not count."""


class Davis(Protocol):
    """Semi-supervised video object segmentation without any training (DAVIS; DINO's protocol).

    A sample is a sequence. Its first frame's masks are carried through it as `propagation` says:
    top 5 cells of the first frame and 7 frames before, within 12 grid cells, temperature 0.1, the
    image's shorter side 480 pixels. Masks come to the grid by their nearest pixel, scores to the
    image's size bilinearly; then each label's scores are stretched to 0..1 and the best one wins.

    J and F and their statistics are those of the DAVIS 2017 benchmark (`metrics.video_objects`):
    one value an object and frame, the first and the last frame of a sequence left out, statistics
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

    def __init__(self, data: Path, config: PipelineConfig, frames: int | None = None) -> None:
        super().__init__(data, config)
        self.sequences = list_davis_sequences(data)
        self.frames = frames
        self.backbone = load_backbone(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --frames."""
        parser.add_argument(
            "--frames", type=positive, metavar="N", help="only the first N frames of each sequence"
        )

    @classmethod
    def from_arguments(
        cls, data: Path, config: PipelineConfig, args: argparse.Namespace
    ) -> Protocol:
        """Build the protocol from the command line."""
        return cls(data, config, args.frames)

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
                strip.add(contours(tinted(color, predicted), truth))
        return Result(object_means(np.array(values)[1:-1]), strip.picture())

    def _carried(
        self, sequence: DavisSequence, first: Labels, length: int
    ) -> Iterator[tuple[int, Image, Labels]]:
        """Index, image and labels of each frame; the first one's are given."""
        color = sequence[0].color
        grid = self._grid(color)
        propagation = LabelPropagation(grid, on_grid(first, grid))
        yield 0, color, first
        for index in range(1, length):
            color = sequence[index].color
            yield index, color, at_full_size(propagation(self._grid(color)), first.shape)

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


def on_grid(labels: Labels, grid: torch.Tensor) -> torch.Tensor:
    """Bring labels to the grid, each cell taking its centre's: (h, w, K + 1) float32, one-hot."""
    image = torch.from_numpy(labels.astype(np.float32)).to(grid.device)[None, None]
    cells = F.interpolate(image, grid.shape[:2], mode="nearest-exact")[0, 0].long()
    return F.one_hot(cells, int(labels.max()) + 1).float()


def at_full_size(scores: torch.Tensor, shape: tuple[int, int]) -> Labels:
    """Bring scores (h, w, K + 1) to an image's size and take the best label of each pixel."""
    maps = F.interpolate(scores.permute(2, 0, 1)[None], shape, mode="bilinear")[0]
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    stretched = (maps - low) / (high - low).clamp_min(1e-12)
    return stretched.argmax(0).cpu().numpy().astype(np.uint16)


def compare(predicted: Labels, truth: Labels, count: int) -> NDArray[np.float64]:
    """J and F of the objects 1..count of one frame, (count, 2)."""
    masks = [(predicted == label, truth == label) for label in range(1, count + 1)]
    return np.array([(mask_iou(*pair), contour_f(*pair)) for pair in masks])


def object_means(values: NDArray[np.float64]) -> Figures:
    """Mean over a sequence's objects of their statistics.

    Args:
        values: (frames, objects, 2): J and F.
    """
    figures: Figures = {"objects": float(values.shape[1])}
    for name, columns in zip("jf", values.transpose(2, 1, 0), strict=True):
        means = np.mean([statistics(column) for column in columns], axis=0)
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
