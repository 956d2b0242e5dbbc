"""Method `dino`: self-distillation with no labels."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field

from scenerep_training.config.options import MultiCropOptions, TrainingOptions
from scenerep_training.data.views.base import Views, ViewTransform
from scenerep_training.data.views.multi_crop import MultiCropTransform
from scenerep_training.engine.schedules import cosine_schedule, linear_warmup_schedule
from scenerep_training.losses.dino import DINOLoss
from scenerep_training.methods.base import Method, StepOutput
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import MomentumNetwork
from scenerep_training.networks.projection import DINOHead
from scenerep_training.networks.sync_batch_norm import convert_sync_batch_norm


class DINOOptions(MultiCropOptions, TrainingOptions):
    """Options of `dino`; the defaults are the paper's."""

    learning_rate: float = Field(
        5e-4,
        gt=0.0,
        le=100.0,
        description="Peak learning rate at 256 pairs per step; it is scaled with batch_size.",
    )
    outputs: int = Field(65536, ge=2, le=2**20, description="Number of outputs of the head, K.")
    hidden: int = Field(
        2048, ge=1, le=2**16, description="Channels of the head's first two layers."
    )
    bottleneck: int = Field(
        256, ge=1, le=2**16, description="Channels of the head's bottleneck layer."
    )
    final_weight_decay: float = Field(
        0.4,
        ge=0.0,
        le=1.0,
        description="Weight decay of the last step, to which weight_decay rises by half a cosine; equal "
        "values keep it constant. Weights without decay stay without.",
    )
    momentum: float = Field(
        0.996,
        ge=0.0,
        le=1.0,
        description="Initial momentum of the teacher; it rises to 1 by half a cosine.",
    )
    student_temperature: float = Field(
        0.1, gt=0.0, le=10.0, description="Temperature of the student's softmax."
    )
    first_teacher_temperature: float = Field(
        0.04, gt=0.0, le=10.0, description="Temperature of the teacher's softmax in the first step."
    )
    teacher_temperature: float = Field(
        0.07, gt=0.0, le=10.0, description="Temperature of the teacher's softmax after the warm-up."
    )
    temperature_warmup: float = Field(
        0.1, ge=0.0, le=1.0, description="Ratio of the steps in which the temperature rises."
    )
    frozen_head: float = Field(
        0.01,
        ge=0.0,
        le=1.0,
        description="Ratio of the steps, from the start, in which the head's last layer is frozen.",
    )
    centering: bool = Field(
        True,
        description="Center the teacher's outputs. Without centering the output collapses to a "
        "constant.",
    )
    sharpening: bool = Field(
        True,
        description="Sharpen the teacher's outputs by a lower temperature than the student's. "
        "Without sharpening the output collapses to a uniform distribution.",
    )


@METHODS.register("dino")
class DINO(Method):
    """Emerging properties in self-supervised vision transformers (Caron et al., ICCV 2021).

    The student encodes all crops, the teacher the large ones. The student's output of each crop
    predicts the teacher's output of every other large crop. The options `centering` and `sharpening`
    disable the mechanisms that prevent collapse (figure 7 of the paper).

    Args:
        options: options of the method.
        encoder: student network.
    """

    summary = "self-distillation with no labels"
    Options: ClassVar[type[TrainingOptions]] = DINOOptions

    def __init__(self, options: DINOOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        convert_sync_batch_norm(encoder)
        self.head = DINOHead(encoder.channels, options.hidden, options.bottleneck, options.outputs)
        self.teacher = MomentumNetwork(encoder)
        self.teacher_head = MomentumNetwork(self.head)
        self.criterion = DINOLoss(options.outputs, options.student_temperature)

    @property
    def exported_encoder(self) -> Encoder:
        """Teacher network; it outperforms the student throughout training (section 5.2)."""
        return self.teacher.network

    @property
    def teacher_temperature(self) -> float:
        """Temperature of the teacher's softmax at the current step."""
        options = self.options
        if not options.sharpening:
            return options.student_temperature
        return linear_warmup_schedule(
            options.first_teacher_temperature,
            options.teacher_temperature,
            options.temperature_warmup,
            self.progress,
        )

    def build_transform(self) -> ViewTransform:
        """Return the transform to two large crops and several small ones."""
        return MultiCropTransform(self.options)

    def compute_loss(self, views: Views) -> StepOutput:
        """Compute the loss of `global` (B, 2, 3, S, S) and `local` (B, n, 3, s, s) views."""
        large, small = views["global"], views["local"]
        teacher_logits = self._teacher_logits(large)
        features = [self.encoder(_flatten_views(images)).pooled for images in (large, small)]
        student_logits = self.head(torch.cat(features)).unflatten(0, (-1, len(large)))
        output = self.criterion(student_logits, teacher_logits, self.teacher_temperature)
        if self.options.centering:
            self.criterion.collect_center(teacher_logits)
        # Rows for the log: the teacher of each large crop, and the student of the other large crop.
        return StepOutput(
            output.loss,
            features[0],
            output.teacher_probs.flatten(0, 1),
            output.student_log_probs[: len(teacher_logits)].flip(0).flatten(0, 1),
        )

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        """Set the weight decay, and freeze the head's last layer early on (Lightning hook)."""
        super().on_before_optimizer_step(optimizer)
        options = self.options
        decay = cosine_schedule(options.weight_decay, options.final_weight_decay, self.progress)
        for group in optimizer.param_groups:
            if group["weight_decay"]:  # biases and norms have none
                group["weight_decay"] = decay
        if self.progress < self.options.frozen_head:
            for parameter in self.head.last_layer.parameters():
                parameter.grad = None

    def after_optimizer_step(self) -> None:
        """Update the teacher and the center."""
        self.criterion.update_center()
        momentum = cosine_schedule(self.options.momentum, 1.0, self.progress)
        self.teacher.update(self.encoder, momentum)
        self.teacher_head.update(self.head, momentum)

    def _teacher_logits(self, large: torch.Tensor) -> torch.Tensor:
        """Return the logits (2, B, K) of large crops (B, 2, 3, S, S)."""
        features = self.teacher(_flatten_views(large)).pooled
        return self.teacher_head(features).unflatten(0, (-1, len(large)))


def _flatten_views(images: torch.Tensor) -> torch.Tensor:
    """Reshape (B, V, 3, H, W) to (V B, 3, H, W), view by view."""
    return images.transpose(0, 1).flatten(0, 1)
