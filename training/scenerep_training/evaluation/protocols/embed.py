"""`embed`: t-SNE and PCA plots of one feature an image, and the features as .npy."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.frames import Features, RGBDFrame
from scenerep_training.datasets.recordings import Opener, list_recordings
from scenerep_training.evaluation.figures.embedding import (
    MIN_SAMPLES,
    Points,
    mean_by_group,
    neighborhood_metrics,
    perplexity,
    plot_plane,
    principal_components,
    t_sne,
)
from scenerep_training.evaluation.framework.feature_store import FeatureStore
from scenerep_training.evaluation.framework.flags import add_every_flag
from scenerep_training.evaluation.framework.protocol import (
    Metrics,
    MetricSpec,
    Protocol,
    Result,
    Row,
    Table,
)
from scenerep_training.evaluation.framework.registry import register_protocol

FrameReader = Callable[[], RGBDFrame]

POOLINGS: dict[str, Callable[[Features], Any]] = {
    "cls": lambda features: features.pooled,
    "mean": lambda features: features.grid.mean(axis=(0, 1)),
}


@register_protocol
class Embed(Protocol):
    """t-SNE (van der Maaten and Hinton, JMLR 2008) and PCA of one feature an image.

    A sample is an image of a folder of classes, or a frame of a recording or of a folder of
    recordings; all of them, or every n-th. Its feature, of unit length, is the CLS token (the mean
    of the grid without one), or with `--pooling mean` the mean of the grid. Colors show classes or
    recordings; in a single recording, time.

    t-SNE preserves neighborhoods, not distances or cluster sizes. The metrics are therefore of the
    features themselves, with cosine distance: `same_group`, the share of samples whose nearest
    neighbor is in their group; `silhouette` (Rousseeuw, 1987); and `pca_variance`, the share of
    variance in the PCA plot. Neighboring frames of a recording are similar: there `same_group` is
    near 1 for any backbone.

    The run's folder holds `plots/pca.png`, `plots/tsne.png`, `embedding.csv` with the coordinates,
    and `features.npy` with `features.txt`, the names of its rows; rows of zeros were not measured.
    """

    name = "embed"
    headline = ("same_group", "silhouette")
    metric_specs: ClassVar[dict[str, MetricSpec]] = {"silhouette": MetricSpec("")}
    default_options: ClassVar[dict[str, Any]] = {"resolution": 224}

    def __init__(
        self, data: Path, config: PipelineConfig, every: int = 1, pooling: str = "cls"
    ) -> None:
        super().__init__(data, config)
        self.pool = POOLINGS[pooling]
        self.frames = list_frames(data, every)
        self.backbone = load_backbone(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --every and --pooling."""
        add_every_flag(parser, "one image in N of each class or recording")
        parser.add_argument(
            "--pooling",
            choices=POOLINGS,
            default="cls",
            help="CLS token, or mean of the grid (default: cls)",
        )

    @cached_property
    def store(self) -> FeatureStore:
        """Features on disk."""
        return FeatureStore(self.folder / "features.npy", self.samples())

    def samples(self) -> Sequence[str]:
        """Return the names of the frames, each below its class or recording."""
        return list(self.frames)

    def evaluate(self, sample: str) -> Result:
        """Store the feature of one image; a single image has no metrics."""
        features = self.backbone(self.frames[sample]().color, self.config.resolution)
        feature = self.pool(features)
        self.store.write(sample, feature / np.linalg.norm(feature))
        return Result({})

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Write the plots, and return the metrics of each group and of all."""
        groups = [row.group for row in rows]
        if len(rows) < MIN_SAMPLES:
            return [Table("too few samples", {"all": {}})]
        features = self._read_features(rows)
        pca, variance = principal_components(features)
        tsne = t_sne(features, self.config.clustering.seed)
        self._write_plots(pca, tsne, groups, variance)
        self._write_coordinates(rows, pca, tsne)
        table = mean_by_group(neighborhood_metrics(features, groups), groups)
        overall: Metrics = table["all"]
        overall["pca_variance"] = variance
        return [Table("mean over samples", table)]

    def _read_features(self, rows: Sequence[Row]) -> Points:
        index_by_name = {name: index for index, name in enumerate(self.samples())}
        indices = [index_by_name[row.name] for row in rows]
        return np.asarray(self.store.read()[indices], np.float64)

    def _write_plots(self, pca: Points, tsne: Points, groups: list[str], variance: float) -> None:
        plots = self.folder / "plots"
        count = len(groups)
        title = f"PCA, {count} samples, {100 * variance:.0f} % of the variance"
        plot_plane(pca, groups, title, plots / "pca.png")
        title = f"t-SNE, {count} samples, perplexity {perplexity(count):.3g}"
        plot_plane(tsne, groups, title, plots / "tsne.png")

    def _write_coordinates(self, rows: Sequence[Row], pca: NDArray, tsne: NDArray) -> None:
        with (
            atomic_path(self.folder / "embedding.csv") as path,
            path.open("w", newline="") as file,
        ):
            table = csv.writer(file)
            table.writerow(["name", "group", "pca_x", "pca_y", "tsne_x", "tsne_y"])
            for row, *points in zip(rows, pca, tsne, strict=True):
                table.writerow([row.name, row.group, *np.concatenate(points)])


def list_frames(data: Path, every: int) -> dict[str, FrameReader]:
    """List a reader of one in `every` frames of each recording, named RECORDING/FRAME.

    A recording that cannot be opened has one entry, which raises FrameError.

    Raises:
        SourceError: if there is no recording.
    """
    frames: dict[str, FrameReader] = {}
    for name, open_recording in list_recordings(data).items():
        frames |= _list_recording(name, open_recording, every)
    return frames


def _list_recording(name: str, open_recording: Opener, every: int) -> dict[str, FrameReader]:
    try:
        source = open_recording()
    except FrameError as error:
        return {name: partial(_raise_frame_error, str(error))}
    return {
        f"{name}/{source.frame_name(index)}": partial(source.__getitem__, index)
        for index in range(0, len(source), every)
    }


def _raise_frame_error(reason: str) -> RGBDFrame:
    raise FrameError(reason)
