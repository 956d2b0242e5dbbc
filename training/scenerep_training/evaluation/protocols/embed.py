"""`embed`: how images lie in a backbone's features, as pictures of t-SNE and PCA, and as .npy."""

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
    FEWEST,
    Points,
    group_figures,
    neighbourhoods,
    perplexity,
    principal_components,
    scatter,
    t_sne,
)
from scenerep_training.evaluation.framework.feature_store import FeatureStore
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    Figures,
    Protocol,
    Quantity,
    Result,
    Row,
    Table,
)

POOLINGS: dict[str, Callable[[Features], Any]] = {
    "cls": lambda features: features.pooled,
    "mean": lambda features: features.grid.mean(dim=(0, 1)),
}


class Embed(Protocol):
    """t-SNE (van der Maaten & Hinton, JMLR 2008) and PCA of one feature an image.

    A sample is an image of a folder of classes, or a frame of a recording or of a folder of
    recordings; all of them, or every n-th. Its feature, of length 1, is the CLS token (the mean of
    the grid where there is none), or with `--pooling mean` the mean of the grid. Colours are those
    of classes or recordings; of a single recording, that of time.

    A plane shows less than it seems to: t-SNE keeps neighbours, not distances or sizes of clusters.
    So the figures are of the features themselves, by cosine: `same_group`, the share of samples
    whose nearest other one is of their group; `silhouette` (Rousseeuw, 1987); and `pca_variance`,
    the share of the variance that the PCA plot shows. Neighbouring frames of a recording look
    alike: there `same_group` is near 1 for any backbone.

    The run's folder keeps `plots/pca.png`, `plots/tsne.png`, `embedding.csv` with the coordinates,
    and `features.npy` with `features.txt`, the names of its rows; rows of zeros were not measured.
    """

    name = "embed"
    headline = ("same_group", "silhouette")
    quantities: ClassVar[dict[str, Quantity]] = {"silhouette": Quantity("")}
    defaults: ClassVar[dict[str, Any]] = {"resolution": 224}

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
        parser.add_argument(
            "--every",
            type=positive,
            default=1,
            metavar="N",
            help="one image in N of each class or recording (default: 1)",
        )
        parser.add_argument(
            "--pooling",
            choices=POOLINGS,
            default="cls",
            help="CLS token, or mean of the grid (default: cls)",
        )

    @cached_property
    def store(self) -> FeatureStore:
        """Where features go."""
        return FeatureStore(self.folder / "features.npy", self.samples())

    def samples(self) -> Sequence[str]:
        """Names of the frames, each after its class's or recording's."""
        return list(self.frames)

    def evaluate(self, sample: str) -> Result:
        """Keep the feature of one image; it has no figure by itself."""
        features = self.backbone(self.frames[sample]().color, self.config.resolution)
        feature = self.pool(features).float().cpu().numpy()
        self.store.write(sample, feature / np.linalg.norm(feature))
        return Result({})

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Draw the planes; figures of each group and of all."""
        groups = [row.group for row in rows]
        if len(rows) < FEWEST:
            return [Table("too few samples", {"all": {}})]
        features = self._features(rows)
        plane, variance = principal_components(features)
        neighbours = t_sne(features, self.config.clustering.seed)
        self._draw(plane, neighbours, groups, variance)
        self._write(rows, plane, neighbours)
        table = group_figures(neighbourhoods(features, groups), groups)
        figures: Figures = table["all"]
        figures["pca_variance"] = variance
        return [Table("mean over samples", table)]

    def _features(self, rows: Sequence[Row]) -> Points:
        index = {name: place for place, name in enumerate(self.samples())}
        places = [index[row.name] for row in rows]
        return np.asarray(self.store.read()[places], np.float64)

    def _draw(self, pca: Points, tsne: Points, groups: list[str], variance: float) -> None:
        plots = self.folder / "plots"
        count = len(groups)
        title = f"PCA, {count} samples, {100 * variance:.0f} % of the variance"
        scatter(pca, groups, title, plots / "pca.png")
        title = f"t-SNE, {count} samples, perplexity {perplexity(count):.3g}"
        scatter(tsne, groups, title, plots / "tsne.png")

    def _write(self, rows: Sequence[Row], pca: NDArray, tsne: NDArray) -> None:
        with (
            atomic_path(self.folder / "embedding.csv") as path,
            path.open("w", newline="") as file,
        ):
            table = csv.writer(file)
            table.writerow(["name", "group", "pca_x", "pca_y", "tsne_x", "tsne_y"])
            for row, *places in zip(rows, pca, tsne, strict=True):
                table.writerow([row.name, row.group, *np.concatenate(places)])


def list_frames(data: Path, every: int) -> dict[str, Callable[[], RGBDFrame]]:
    """List what reads each frame: one in `every` of each recording, named RECORDING/FRAME.

    A recording that cannot be opened has one name, which raises FrameError.

    Raises:
        SourceError: if there is no recording.
    """
    frames: dict[str, Callable[[], RGBDFrame]] = {}
    for name, opened in list_recordings(data).items():
        frames |= _frames_of(name, opened, every)
    return frames


def _frames_of(name: str, opened: Opener, every: int) -> dict[str, Callable[[], RGBDFrame]]:
    try:
        source = opened()
    except FrameError as error:
        return {name: partial(_fail, str(error))}
    indices = range(0, len(source), every)
    return {
        f"{name}/{source.frame_name(index)}": partial(source.__getitem__, index)
        for index in indices
    }


def _fail(reason: str) -> RGBDFrame:
    raise FrameError(reason)
