"""`attention`: what the heads of the last layer look at, model beside model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.clustering.attention_heads import attention_masks
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.render import Image, attention_montage
from scenerep_ros.sources.folders.image_files import read_color
from scenerep_training.datasets.any_images import list_any_images
from scenerep_training.evaluation.figures.attention_figure import (
    attention_figure,
    heads_block,
    image_tile,
)
from scenerep_training.evaluation.figures.pictures import contours
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.models import FORM, labelled, model_label, model_options
from scenerep_training.evaluation.framework.protocol import (
    FRACTION,
    Figures,
    Protocol,
    Published,
    Quantity,
    Result,
    Row,
    Table,
    mean,
)
from scenerep_training.evaluation.metrics.attention import best_head_iou, normalized_entropy

DINO = "Caron et al., ICCV 2021, PASCAL VOC 2012, per cent"
BESIDE = "beside_"
IMAGES = 8
"""By default, and most of those that the figure shows."""


class Attention(Protocol):
    """Attention of the last layer's heads (Caron et al., ICCV 2021, figures 3 and 4).

    A sample is an image seen by a model, IMAGE@MODEL; the groups are the models. The last one is
    that of the options, whose figures are the run's. Those before are named by --beside: usually
    the same network with random weights, and checkpoints; the names of their figures begin with
    `beside_`. The images are spread evenly over the data, which may be any recording.

    `entropy` is the mean over the heads of the entropy of the CLS token's attention over the
    patches, as a share of the greatest possible: 1 means that every head looks everywhere alike.
    Where the data have masks (ECSSD, CO3D, DAVIS), each head's mask is the fewest patches that hold
    60 % of its attention (`attention_mass`), and `best_head_iou` is the IoU of the best one, chosen
    by an oracle, as in DINO's figure 4.

    `plots/attention.png` shows the heads, a row an image, a column a model.
    """

    name = "attention"
    headline = ("best_head_iou", "entropy")
    quantities: ClassVar = dict.fromkeys(["entropy", "beside_entropy"], Quantity(FRACTION, 0))
    published = (
        Published("ViT-S/16, random weights", {"best_head_iou": 22.0}, DINO),
        Published("ViT-S/16, supervised", {"best_head_iou": 27.3}, DINO),
        Published("DINO ViT-S/16", {"best_head_iou": 45.9}, DINO),
    )

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        beside: Sequence[str] = ("random",),
        images: int = IMAGES,
    ) -> None:
        super().__init__(data, config)
        self.images = list_any_images(data)
        self.shown = spread(list(self.images), images)
        models = labelled([*(model_options(config, text) for text in beside), config])
        self.own = model_label(config)
        self.backbones = {label: load_backbone(model) for label, model in models.items()}

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --beside and --images."""
        parser.add_argument(
            "--beside",
            nargs="*",
            default=["random"],
            metavar="MODEL",
            help=f"further models, each as {FORM}, e.g. random vit_small_patch16_224.dino=hub "
            "runs/tuned (default: random)",
        )
        parser.add_argument(
            "--images",
            type=positive,
            default=IMAGES,
            metavar="N",
            help=f"number of images, evenly spread over the data (default: {IMAGES})",
        )

    def samples(self) -> Sequence[str]:
        """IMAGE@MODEL, image after image."""
        return [f"{image}@{model}" for image in self.shown for model in self.backbones]

    def group(self, sample: str) -> str:
        """Label of the model."""
        return sample.rpartition("@")[2]

    @staticmethod
    def unit(sample: str) -> str:
        """Name of the image, at which all models look."""
        return sample.rpartition("@")[0]

    def evaluate(self, sample: str) -> Result:
        """Look at one image with one model."""
        image, _, model = sample.rpartition("@")
        color, truth = self.images[image]()
        attention = self._attention(model, color)
        heads = attention.cpu().numpy()
        figures = {"entropy": normalized_entropy(heads)}
        if truth is not None and truth.any():
            masks = attention_masks(attention, self.config.options_of("attention").mass)
            figures["best_head_iou"] = best_head_iou(masks.cpu().numpy(), truth)
        outlined = color if truth is None else contours(color, truth.astype(np.uint16))
        write_image(self._tile(image), image_tile(outlined))
        write_image(self._tile(sample), heads_block(heads, color.shape[:2]))
        return Result(self._named(figures, model), attention_montage(color, heads))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Means a model, and the figure of the first images that all models saw."""
        seen = {row.name for row in rows}
        lines = [[image, *(f"{image}@{model}" for model in self.backbones)] for image in self.shown]
        whole = [line for line in lines if seen.issuperset(line[1:])][:IMAGES]
        if whole:
            tiles = [[read_color(self._tile(name)) for name in line] for line in whole]
            figure = attention_figure(tiles, ["image", *self.backbones])
            write_image(self.folder / "plots" / "attention.png", figure)
        return [self._table(rows)]

    def _named(self, figures: Figures, model: str) -> Figures:
        """Keep the figures of other models out of the run's means."""
        if model == self.own:
            return figures
        return {f"{BESIDE}{name}": value for name, value in figures.items()}

    def _table(self, rows: Sequence[Row]) -> Table:
        """Means of every model, below the same names."""
        means = {
            model: {
                name.removeprefix(BESIDE): value
                for name, value in mean([row for row in rows if row.group == model]).items()
            }
            for model in self.backbones
        }
        return Table("mean over images", means | {"all": means[self.own]})

    def _attention(self, model: str, color: Image) -> torch.Tensor:
        attention = self.backbones[model](color, self.config.resolution).attention
        if attention is None:
            raise ConfigError(
                f"model {model}: has no CLS token, so there is no attention to look at; choose a "
                "ViT with one, like vit_small_patch14_dinov2.lvd142m"
            )
        return attention

    def _tile(self, name: str) -> Path:
        return self.folder / "tiles" / f"{name.replace('/', '__')}.png"


def spread(names: Sequence[str], count: int) -> list[str]:
    """Return so many of the names, evenly spread; all where there are fewer.

    >>> spread(["a", "b", "c", "d", "e"], 3)
    ['a', 'c', 'e']
    """
    places = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[place] for place in places]
