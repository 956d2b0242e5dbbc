"""Base class of `knn` and `linear`: image classification by frozen features."""

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
from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.render import draw_text
from scenerep_ros.sources.folders.image_files import read_color
from scenerep_training.datasets.image_classes import class_of, list_image_classes
from scenerep_training.evaluation.framework.feature_store import FeatureStore
from scenerep_training.evaluation.framework.protocol import (
    Metrics,
    Protocol,
    Result,
    Row,
    Table,
    mean_metrics,
)
from scenerep_training.evaluation.metrics.classification import is_in_top_k

Feature = NDArray[np.float32]
Scores = Mapping[str, NDArray[np.floating]]
"""Scores (classes,) of each variant of a classifier, by the suffix of its metric names."""
Classifier = Callable[[Feature], Scores]
"""Function from a feature (C,) to scores."""

TOP_K = (1, 5)
CAPTION_HEIGHT_PX = 14


class Classification(Protocol):
    """Image classification by frozen features.

    A sample is an image whose feature is extracted: the CLS token after the last block, or the mean
    of the grid without one. The training images come first and have no metrics; then each
    validation image is classified. Images are not cropped: the shorter side becomes `resolution`
    pixels. `features.npy` in the run's folder holds every feature, `features.txt` their names.

    Top-1 and top-5 accuracy are the shares of validation images whose class has the highest score,
    or one of the five highest; top-5 is trivial for five classes or fewer. Misclassified
    validation images have a picture.

    Args:
        data: folder with train/CLASS/*.jpg and val/CLASS/*.jpg.
        config: options of the pipeline, of which only the backbone's are used.
        per_class: number of images of each class and split; None uses all.
    """

    default_options: ClassVar[Mapping[str, Any]] = {"resolution": 224}

    def __init__(self, data: Path, config: PipelineConfig, per_class: int | None = None) -> None:
        super().__init__(data, config)
        self.images = list_image_classes(data, per_class)
        self.backbone = load_backbone(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --per-class."""
        parser.add_argument(
            "--per-class",
            type=positive_count,
            metavar="N",
            help="only the first N images of each class, of training and of validation",
        )

    @abstractmethod
    def fit(self, features: Feature, labels: NDArray[np.int64]) -> Classifier:
        """Fit a classifier to the training images' features (N, C) and labels (N,)."""

    def samples(self) -> Sequence[str]:
        """Return the names of the training images, then of the validation images."""
        return [*self.images.train, *self.images.val]

    def group(self, sample: str) -> str:
        """Return the class of an image."""
        return class_of(sample)

    def evaluate(self, sample: str) -> Result:
        """Extract the feature of an image, and classify it if it is a validation image."""
        color = read_color(self.data / sample)
        feature = self.backbone(color, self.config.resolution).pooled
        if not np.isfinite(feature).all() or not feature.any():
            raise FrameError(f"{self.data / sample}: feature is zero or not finite; check weights")
        self._store.write(sample, feature)
        if sample not in self._validation_names:
            return Result({})
        (true_class,) = self.images.labels([sample])
        scores = self._classifier(feature)
        return Result(
            top_k_metrics(scores, true_class), self._draw_mistake(color, scores, true_class)
        )

    def _draw_mistake(
        self, color: NDArray[np.uint8], scores: Scores, true_class: int
    ) -> NDArray[np.uint8] | None:
        """Write the wrong predictions into the image; None if all variants are right."""
        predictions = {int(np.argmax(variant)) for variant in scores.values()}
        wrong = sorted(predictions - {true_class})
        if not wrong:
            return None
        names = " or ".join(self.images.classes[label] for label in wrong)
        draw_text(color, f"predicted {names}", (color.shape[1] // 2, CAPTION_HEIGHT_PX))
        return color

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Average over the validation images.

        Raises:
            SourceError: if none has been measured.
        """
        validation = [row for row in rows if row.metrics]
        if not validation:
            raise SourceError(
                f"{self.data}: none of its validation images is among the samples measured, which "
                "begin with those for training; use --per-class in place of --limit"
            )
        title = (
            f"{len(validation)} validation and {len(rows) - len(validation)} training images of "
            f"{len(self.images.classes)} classes"
        )
        return [Table(title, {"all": mean_metrics(validation)})]

    @cached_property
    def _validation_names(self) -> frozenset[str]:
        return frozenset(self.images.val)

    @cached_property
    def _store(self) -> FeatureStore:
        return FeatureStore(self.folder / "features.npy", self.samples())

    @cached_property
    def _classifier(self) -> Classifier:
        """Fit the classifier at the first validation image, without unreadable images."""
        stored = self._store.read()[: len(self.images.train)]
        is_written = stored.any(axis=1)
        if not is_written.any():
            raise SourceError(f"{self.data}: none of its training images could be read")
        features = np.asarray(stored[is_written])
        return self.fit(features, self.images.labels(self.images.train)[is_written])


def top_k_metrics(scores: Scores, true_class: int) -> Metrics:
    """Return 1 or 0 for each variant and each k of TOP_K."""
    return {
        f"top{k}{suffix}": float(is_in_top_k(variant, true_class, k))
        for suffix, variant in scores.items()
        for k in TOP_K
    }
