"""What `knn` and `linear` share: frozen features of labelled images, and how often they tell."""

from __future__ import annotations

import argparse
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.render import draw_text
from scenerep_ros.sources.folders.image_files import read_color
from scenerep_training.datasets.image_classes import class_of, list_image_classes
from scenerep_training.evaluation.framework.feature_store import FeatureStore
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    Figures,
    Protocol,
    Result,
    Row,
    Table,
    mean,
)
from scenerep_training.evaluation.metrics.classification import is_in_top_k

Feature = NDArray[np.float32]
Classifier = Callable[[Feature], Mapping[str, NDArray[np.floating]]]
"""From a feature (C,) to scores (classes,), one array a variant, by what its figures' names end in."""

TOPS = (1, 5)


class Classification(Protocol):
    """Classification of images by frozen features.

    A sample is an image whose feature is extracted: the CLS token after the last block, or the mean
    of the grid where there is none. The training images come first, and have no figures; then each
    validation image is classified. The image is not cropped: its shorter side becomes `resolution`
    pixels. `features.npy` in the run's folder keeps every feature, `features.txt` their names.

    Top-1 and top-5 are shares of the validation images whose class is the best, or among the best
    five; of five classes or fewer, top-5 says nothing. Validation images that are taken for another
    class leave a picture.

    Args:
        data: folder with train/CLASS/*.jpg and val/CLASS/*.jpg.
        config: options of the pipeline, of which only the backbone's count.
        per_class: only the first so many images of each class and split.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"resolution": 224}

    def __init__(self, data: Path, config: PipelineConfig, per_class: int | None = None) -> None:
        super().__init__(data, config)
        self.images = list_image_classes(data, per_class)
        self.backbone = load_backbone(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --per-class."""
        parser.add_argument(
            "--per-class",
            type=positive,
            metavar="N",
            help="only the first N images of each class, of training and of validation",
        )

    @abstractmethod
    def fit(self, features: Feature, labels: NDArray[np.int64]) -> Classifier:
        """Make a classifier of the training images' features (N, C) and labels (N,)."""

    def samples(self) -> Sequence[str]:
        """Names of the images: all for training, then all for validation."""
        return [*self.images.train, *self.images.val]

    def group(self, sample: str) -> str:
        """Class of an image."""
        return class_of(sample)

    def evaluate(self, sample: str) -> Result:
        """Extract one feature, and classify it where the image is for validation."""
        color = read_color(self.data / sample)
        feature = self.backbone(color, self.config.resolution).pooled.cpu().numpy()
        if not np.isfinite(feature).all() or not feature.any():
            raise FrameError(f"{self.data / sample}: feature is zero or not finite; check weights")
        self._store.write(sample, feature)
        if sample not in self._validation:
            return Result({})
        (truth,) = self.images.labels([sample])
        scores = self._classifier(feature)
        return Result(top_figures(scores, truth), self._mistake(color, scores, truth))

    def _mistake(
        self, color: NDArray[np.uint8], scores: Mapping[str, NDArray[np.floating]], truth: int
    ) -> NDArray[np.uint8] | None:
        """Picture of an image that some variant takes for another class."""
        wrong = sorted({int(np.argmax(variant)) for variant in scores.values()} - {truth})
        if not wrong:
            return None
        names = " or ".join(self.images.classes[label] for label in wrong)
        draw_text(color, f"taken for {names}", (color.shape[1] // 2, 14))
        return color

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Means over the validation images.

        Raises:
            SourceError: if none was reached.
        """
        judged = [row for row in rows if row.figures]
        if not judged:
            raise SourceError(
                f"{self.data}: none of its validation images is among the samples measured, which "
                "begin with those for training; use --per-class in place of --limit"
            )
        title = (
            f"{len(judged)} validation and {len(rows) - len(judged)} training images of "
            f"{len(self.images.classes)} classes"
        )
        return [Table(title, {"all": mean(judged)})]

    @cached_property
    def _validation(self) -> frozenset[str]:
        return frozenset(self.images.val)

    @cached_property
    def _store(self) -> FeatureStore:
        return FeatureStore(self.folder / "features.npy", self.samples())

    @cached_property
    def _classifier(self) -> Classifier:
        """Fitted when the first validation image needs it; images that could not be read are out."""
        stored = self._store.read()[: len(self.images.train)]
        whole = stored.any(axis=1)
        if not whole.any():
            raise SourceError(f"{self.data}: none of its training images could be read")
        features = np.asarray(stored[whole])
        return self.fit(features, self.images.labels(self.images.train)[whole])


def top_figures(scores: Mapping[str, NDArray[np.floating]], truth: int) -> Figures:
    """Hits of one image: 1 or 0 for each variant and each of TOPS."""
    return {
        f"top{count}{suffix}": float(is_in_top_k(variant, truth, count))
        for suffix, variant in scores.items()
        for count in TOPS
    }
