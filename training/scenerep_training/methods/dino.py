"""`dino`: self-distillation with no labels."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field

from scenerep_training.config.options import MultiCropOptions, TrainingOptions
from scenerep_training.data.views.multi_crop import MultiCrop
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.engine.schedules import cosine, linear_warmup
from scenerep_training.losses.dino import DINOLoss
from scenerep_training.methods.base import Method, Step
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import Momentum
from scenerep_training.networks.projection import DINOHead
from scenerep_training.networks.sync_batch_norm import convert


class DINOOptions(MultiCropOptions, TrainingOptions):
    """Options of `dino`; defaults are the paper's."""

    learning_rate: float = Field(
        5e-4, gt=0.0, le=100.0, description="Peak, at 256 pairs a step; scaled with batch_size."
    )
    outputs: int = Field(65536, ge=2, le=2**20, description="Outputs of the head, K.")
    hidden: int = Field(2048, ge=1, le=2**16, description="Channels of the head's first layers.")
    bottleneck: int = Field(256, ge=1, le=2**16, description="Channels before its last layer.")
    momentum: float = Field(
        0.996, ge=0.0, le=1.0, description="Of the teacher at first; rises to 1 by half a cosine."
    )
    student_temperature: float = Field(0.1, gt=0.0, le=10.0, description="Of its softmax.")
    first_teacher_temperature: float = Field(
        0.04, gt=0.0, le=10.0, description="Of its softmax in the first step."
    )
    teacher_temperature: float = Field(
        0.07, gt=0.0, le=10.0, description="Of its softmax after the warm-up."
    )
    temperature_warmup: float = Field(
        0.1, ge=0.0, le=1.0, description="Share of the steps in which that temperature rises."
    )
    frozen_head: float = Field(
        0.01, ge=0.0, le=1.0, description="First share of the steps, without the last layer."
    )
    centring: bool = Field(
        True, description="Subtract the teacher's mean; without it one output wins (constant)."
    )
    sharpening: bool = Field(
        True,
        description="A colder teacher; without it, at the student's temperature, outputs become "
        "equal (uniform).",
    )


class DINO(Method):
    """Emerging properties in self-supervised vision transformers (Caron et al., ICCV 2021).

    The student sees all crops, the teacher the large ones; the student of each crop predicts the
    teacher of every other one. `centring` and `sharpening` switch off what prevents the two
    collapses of the paper's figure 7.

    Args:
        options: of the method.
        encoder: the student.
    """

    name = "dino"
    Options: ClassVar[type[TrainingOptions]] = DINOOptions

    def __init__(self, options: DINOOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        convert(encoder)
        self.head = DINOHead(encoder.channels, options.hidden, options.bottleneck, options.outputs)
        self.teacher = Momentum(encoder)
        self.teacher_head = Momentum(self.head)
        self.criterion = DINOLoss(options.outputs, options.student_temperature)

    @property
    def exported(self) -> Encoder:
        """The teacher: a mean of many students, better than each all through training (section 5.2)."""
        return self.teacher.network

    @property
    def teacher_temperature(self) -> float:
        """Temperature of the teacher at this step."""
        options = self.options
        if not options.sharpening:
            return options.student_temperature
        return linear_warmup(
            options.first_teacher_temperature,
            options.teacher_temperature,
            options.temperature_warmup,
            self.progress,
        )

    def make_views(self) -> MakeViews:
        """Two large crops and some small ones."""
        return MultiCrop(self.options)

    def loss(self, views: Views) -> Step:
        """Compare views `global` (B, 2, 3, S, S) and `local` (B, n, 3, s, s)."""
        large, small = views["global"], views["local"]
        teacher = self._teach(large)
        features = [self.encoder(_crops(images)).pooled for images in (large, small)]
        student = self.head(torch.cat(features)).unflatten(0, (-1, len(large)))
        found = self.criterion(student, teacher, self.teacher_temperature)
        if self.options.centring:
            self.criterion.follow(teacher)
        # The rows that are watched: each large crop's teacher, and the student of the other one.
        return Step(
            found.loss,
            features[0],
            found.teacher.flatten(0, 1),
            found.student[: len(teacher)].flip(0).flatten(0, 1),
        )

    def on_before_optimizer_step(self, _optimizer: Any) -> None:
        """Lightning's hook: cancel the last layer's gradients in the first part of the run."""
        if self.progress < self.options.frozen_head:
            for parameter in self.head.last.parameters():
                parameter.grad = None

    def after_step(self) -> None:
        """Let the teacher follow."""
        momentum = cosine(self.options.momentum, 1.0, self.progress)
        self.teacher.follow(self.encoder, momentum)
        self.teacher_head.follow(self.head, momentum)

    def _teach(self, large: torch.Tensor) -> torch.Tensor:
        features = self.teacher(_crops(large)).pooled
        return self.teacher_head(features).unflatten(0, (-1, len(large)))


def _crops(images: torch.Tensor) -> torch.Tensor:
    """(B, V, 3, H, W) to (V B, 3, H, W), view by view."""
    return images.transpose(0, 1).flatten(0, 1)
