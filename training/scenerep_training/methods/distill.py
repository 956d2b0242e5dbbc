"""`distill`: a teacher of any architecture teaches a student of any other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from pydantic import Field
from torch import nn

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.data.views.plain_view import PlainView
from scenerep_training.data.views.teacher_view import TeacherView
from scenerep_training.losses.distillation import (
    consistency_loss,
    cosine_loss,
    feature_loss,
    relation_loss,
)
from scenerep_training.methods.base import Method, Step
from scenerep_training.networks.encoder import Encoded, Encoder, make_encoder
from scenerep_training.networks.standardise import Standardise
from scenerep_training.networks.teacher import Teacher, TeacherCache


class DistillOptions(TrainingOptions):
    """Options of `distill`."""

    teacher: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of the teacher's timm model."
    )
    teacher_weights: str = Field("auto", description="As the runtime's option weights.")
    teacher_stage: int = Field(
        -1, ge=-8, le=7, description="Teachers that are convnets: the stage that is copied."
    )
    teacher_resolution: int = Field(
        308,
        ge=32,
        le=4096,
        description="Side to which the teacher's input is resized, pixels: of the view, or with "
        "teacher_cache the shorter side of the frame.",
    )
    teacher_cache: str = Field(
        "",
        description="Folder of the teacher's features, computed once a whole frame before training; "
        "empty: the teacher looks at every view.",
    )
    dense_weight: float = Field(1.0, ge=0.0, le=1e3, description="Of the loss of the cells.")
    relation_weight: float = Field(
        3.0, ge=0.0, le=1e3, description="Of the loss of how cells of an image relate."
    )
    global_weight: float = Field(0.2, ge=0.0, le=1e3, description="Of the loss of whole images.")
    consistency_weight: float = Field(
        0.1, ge=0.0, le=1e3, description="Of the loss between the two frames of a pair."
    )


class Distill(Method):
    """A student learns to say of a view what its teacher says, in features of its own.

    Cells and whole images are compared with the teacher's standardised features through a linear
    adaptor each, which stays behind. The student's own grid, which the robot clusters, is held to
    the teacher's relations between the cells of an image. Where grids differ in stride, the
    teacher's is resized to the student's.

    Raises:
        ConfigError: if the crop is not of whole cells of the student, or the teacher is unknown.
        WeightsError: if the teacher's weights are missing or damaged.
    """

    name = "distill"
    Options = DistillOptions

    def __init__(self, options: DistillOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        _check_size(options.crop_size, encoder)
        teacher = make_encoder(options.teacher, options.teacher_weights, options.teacher_stage)
        self.cell_adaptor = nn.Linear(encoder.channels, teacher.channels)
        self.image_adaptor = nn.Linear(encoder.channels, teacher.channels)
        self.standard_cells = Standardise(teacher.channels)
        self.standard_images = Standardise(teacher.channels)
        if not options.teacher_cache:
            self.teacher = Teacher(teacher, options.teacher_resolution)

    @property
    def _cache(self) -> TeacherCache:
        options = self.options
        teacher = BackboneOptions(
            backbone=options.teacher,
            weights=options.teacher_weights,
            stage=options.teacher_stage,
            resolution=options.teacher_resolution,
            device=options.device,
            precision="auto",
        )
        return TeacherCache(Path(options.teacher_cache).expanduser(), teacher)

    def make_views(self) -> MakeViews:
        """One plain view of each frame, with the teacher's features where they are cached."""
        options, cells = self.options, self.options.crop_size // self.encoder.stride
        plain = PlainView(options, cells if options.consistency_weight else None)
        return TeacherView(plain, self._cache, cells) if options.teacher_cache else plain

    def prepare(self, frames: Iterable[RGBDFrame]) -> None:
        """Have the teacher look at every frame that the cache lacks."""
        if self.options.teacher_cache:
            self._cache.fill(frames)

    def loss(self, views: Views) -> Step:
        """Compare the student with the teacher.

        Args:
            views: "images" (B, 2, 3, S, S) and "correspondence" (B, h, w, 2); with a cache
                also "teacher_grid" (B, 2, h, w, C) and "teacher_pooled" (B, 2, C).
        """
        student = self.encoder(views["images"].flatten(0, 1))
        teacher = self._ask_teacher(views, student.grid.shape[1:3])
        parts = {
            "dense": self._dense_loss(student, teacher),
            "global": self._global_loss(student, teacher),
            "relation": relation_loss(student.grid.flatten(1, 2), teacher.grid.flatten(1, 2)),
        }
        if "correspondence" in views:
            parts["consistency"] = _pair_loss(student.grid, views["correspondence"])
        weighted = [self._weights[name] * part for name, part in parts.items()]
        return Step(torch.stack(weighted).sum(), student.pooled.float(), parts=parts)

    @property
    def _weights(self) -> dict[str, float]:
        options = self.options
        return {
            "dense": options.dense_weight,
            "global": options.global_weight,
            "relation": options.relation_weight,
            "consistency": options.consistency_weight,
        }

    def _ask_teacher(self, views: Views, cells: torch.Size) -> Encoded:
        if "teacher_grid" in views:
            return Encoded(
                views["teacher_pooled"].flatten(0, 1), views["teacher_grid"].flatten(0, 1)
            )
        encoded: Encoded = self.teacher(views["images"].flatten(0, 1), (cells[0], cells[1]))
        return encoded

    def _dense_loss(self, student: Encoded, teacher: Encoded) -> torch.Tensor:
        return feature_loss(self.cell_adaptor(student.grid), self.standard_cells(teacher.grid))

    def _global_loss(self, student: Encoded, teacher: Encoded) -> torch.Tensor:
        said = self.standard_images(teacher.pooled)
        return cosine_loss(self.image_adaptor(student.pooled), said)


def _check_size(size: int, encoder: Encoder) -> None:
    if size % encoder.stride:
        raise ConfigError(
            f"crop_size = {size}: {encoder.name} needs whole cells of {encoder.stride} pixels; set "
            f"it to {max(1, round(size / encoder.stride)) * encoder.stride}"
        )


def _pair_loss(grid: torch.Tensor, correspondence: torch.Tensor) -> torch.Tensor:
    first, second = grid.unflatten(0, (-1, 2)).unbind(1)
    return consistency_loss(first, second, correspondence)
