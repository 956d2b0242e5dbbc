"""`attention`: attention of the last layer's heads, for several models side by side."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones import load_backbone
from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.clustering.attention_heads import attention_masks
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.render import Image, attention_montage
from scenerep_ros.sources.folders.image_files import read_color
from scenerep_training.datasets.any_images import list_any_images
from scenerep_training.evaluation.figures.attention_figure import (
    draw_attention_figure,
    draw_heads,
    image_tile,
)
from scenerep_training.evaluation.figures.pictures import draw_contours
from scenerep_training.evaluation.framework.models import (
    MODEL_SYNTAX,
    label_models,
    model_label,
    parse_model,
)
from scenerep_training.evaluation.framework.protocol import (
    FRACTION,
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
from scenerep_training.evaluation.metrics.attention import best_head_iou, normalized_entropy

DINO = "Caron et al., ICCV 2021, PASCAL VOC 2012, per cent"
COMPARED_PREFIX = "beside_"
"""Prefix of the metrics of models named by --beside."""
DEFAULT_IMAGES = 8
MAX_FIGURE_IMAGES = 8


@register_protocol
class Attention(Protocol):
    """Attention of the last layer's heads (Caron et al., ICCV 2021, figures 3 and 4).

    A sample is an image and a model, IMAGE@MODEL; the groups are the models. The last model is that
    of the options, whose metrics are the run's. The models before are named by --beside: usually
    the same network with random weights, and checkpoints; the names of their metrics begin with
    `beside_`. The images are evenly spaced over the data, which may be any recording.

    `entropy` is the entropy of the CLS token's attention over the patches relative to its maximum,
    averaged over the heads: 1 is uniform attention. Where the data have masks (ECSSD, CO3D,
    DAVIS), each head's mask is the fewest patches that hold 60 % of its attention
    (`attention.mass`), and `best_head_iou` is the IoU of the best mask, an oracle's choice, as in
    DINO's figure 4.

    `plots/attention.png` shows the heads, one row an image and one column a model.
    """

    name = "attention"
    headline = ("best_head_iou", "entropy")
    is_ablatable = False
    metric_specs: ClassVar = dict.fromkeys(["entropy", "beside_entropy"], MetricSpec(FRACTION, 0))
    published = (
        PublishedResult("ViT-S/16, random weights", {"best_head_iou": 22.0}, DINO),
        PublishedResult("ViT-S/16, supervised", {"best_head_iou": 27.3}, DINO),
        PublishedResult("DINO ViT-S/16", {"best_head_iou": 45.9}, DINO),
    )

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        beside: Sequence[str] = ("random",),
        images: int = DEFAULT_IMAGES,
    ) -> None:
        super().__init__(data, config)
        self.images = list_any_images(data)
        self.image_names = evenly_spaced(list(self.images), images)
        models = label_models([*(parse_model(config, text) for text in beside), config])
        self.own_label = model_label(config)
        self.backbones = {label: load_backbone(model) for label, model in models.items()}

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --beside and --images."""
        parser.add_argument(
            "--beside",
            nargs="*",
            default=["random"],
            metavar="MODEL",
            help=f"models to compare with, each as {MODEL_SYNTAX}, e.g. random "
            "vit_small_patch16_224.dino=hub runs/tuned (default: random)",
        )
        parser.add_argument(
            "--images",
            type=positive_count,
            default=DEFAULT_IMAGES,
            metavar="N",
            help=f"number of images, evenly spaced over the data (default: {DEFAULT_IMAGES})",
        )

    def samples(self) -> Sequence[str]:
        """Return IMAGE@MODEL for all models of each image."""
        return [f"{image}@{model}" for image in self.image_names for model in self.backbones]

    def group(self, sample: str) -> str:
        """Return the label of the model."""
        return sample.rpartition("@")[2]

    @staticmethod
    def resampling_unit(sample: str) -> str:
        """Return the name of the image, which all models share."""
        return sample.rpartition("@")[0]

    def evaluate(self, sample: str) -> Result:
        """Measure the attention of one model on one image."""
        image, _, model = sample.rpartition("@")
        color, truth = self.images[image]()
        heads = self._attention(model, color)
        metrics = {"entropy": normalized_entropy(heads)}
        if truth is not None and truth.any():
            masks = attention_masks(heads, self.config.options_of("attention").mass)
            metrics["best_head_iou"] = best_head_iou(masks, truth)
        outlined = color if truth is None else draw_contours(color, truth.astype(np.uint16))
        write_image(self._tile_path(image), image_tile(outlined))
        write_image(self._tile_path(sample), draw_heads(heads, color.shape[:2]))
        return Result(self._with_prefix(metrics, model), attention_montage(color, heads))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Average over each model, and draw the first images that all models have measured."""
        measured = {row.name for row in rows}
        lines = [
            [image, *(f"{image}@{model}" for model in self.backbones)] for image in self.image_names
        ]
        complete = [line for line in lines if measured.issuperset(line[1:])][:MAX_FIGURE_IMAGES]
        if complete:
            tiles = [[read_color(self._tile_path(name)) for name in line] for line in complete]
            figure = draw_attention_figure(tiles, ["image", *self.backbones])
            write_image(self.folder / "plots" / "attention.png", figure)
        return [self._means_by_model(rows)]

    def _with_prefix(self, metrics: Metrics, model: str) -> Metrics:
        """Keep the metrics of compared models out of the run's means."""
        if model == self.own_label:
            return metrics
        return {f"{COMPARED_PREFIX}{name}": value for name, value in metrics.items()}

    def _means_by_model(self, rows: Sequence[Row]) -> Table:
        """Average over each model, below the same metric names."""
        means = {
            model: {
                name.removeprefix(COMPARED_PREFIX): value
                for name, value in mean_metrics([row for row in rows if row.group == model]).items()
            }
            for model in self.backbones
        }
        return Table("mean over images", means | {"all": means[self.own_label]})

    def _attention(self, model: str, color: Image) -> NDArray[np.float32]:
        attention = self.backbones[model](color, self.config.resolution).attention
        if attention is None:
            raise ConfigError(
                f"model {model}: has no CLS token, so it has no attention to evaluate; choose a "
                "ViT with one, like vit_small_patch14_dinov2.lvd142m"
            )
        return attention

    def _tile_path(self, name: str) -> Path:
        return self.folder / "tiles" / f"{name.replace('/', '__')}.png"


def evenly_spaced(names: Sequence[str], count: int) -> list[str]:
    """Return `count` evenly spaced names, or all if there are fewer.

    >>> evenly_spaced(["a", "b", "c", "d", "e"], 3)
    ['a', 'c', 'e']
    """
    indices = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[index] for index in indices]
