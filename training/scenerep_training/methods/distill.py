"""Method `distill`: feature distillation between networks of any architecture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame
from scenerep_training.agreement.color_masks import ColorMasks
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.base import Views, ViewTransform
from scenerep_training.data.views.plain_view import PlainViewTransform
from scenerep_training.data.views.teacher_view import TeacherViewTransform
from scenerep_training.datasets.encoded_images import is_encoded, stored_features
from scenerep_training.losses.distillation import (
    attention_loss,
    consistency_loss,
    cosine_loss,
    feature_loss,
    relation_loss,
)
from scenerep_training.methods.base import Method, StepOutput
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import Encoder, EncoderOutput, build_encoder
from scenerep_training.networks.feature_standardizer import FeatureStandardizer
from scenerep_training.networks.interpolation import interpolate
from scenerep_training.networks.teacher import Teacher, TeacherCache

Adaptor = Literal["linear", "none"]
MASS_RATE = 0.01
"""Ratio by which one batch changes the student's mean attention mass."""


class DistillOptions(TrainingOptions):
    """Options of `distill`."""

    teacher: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of the teacher's timm model."
    )
    teacher_weights: str = Field(
        "auto", description="Weights of the teacher, like the runtime's option weights."
    )
    teacher_stage: int = Field(
        -1, ge=-8, le=7, description="Convnet teachers: stage whose feature map is distilled."
    )
    teacher_resolution: int = Field(
        308,
        ge=32,
        le=4096,
        description="Side of the teacher's input [px]: of the resized view, or with teacher_cache "
        "the shorter side of the frame.",
    )
    teacher_cache: str = Field(
        "",
        description="Folder of the teacher's features, computed once per frame before training, or "
        "a folder of encoded images, which --data names too; empty: the teacher encodes every view.",
    )
    adaptor: Adaptor = Field(
        "linear",
        description="Layer between the student's patches and the teacher's: linear, or none, which "
        "puts the student into the teacher's feature space.",
    )
    attention_weight: float = Field(
        0.2,
        ge=0.0,
        le=1e3,
        description="Weight of the loss of the predicted CLS attention, where both have as many heads.",
    )
    average: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Decay per step of the moving average of the weights, which is exported; it starts "
        "lower. 0 exports the weights themselves.",
    )
    initial_share: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of the initial weights in the exported ones, which then forget less of other "
        "scenes (WiSE-FT).",
    )
    dense_weight: float = Field(
        1.0, ge=0.0, le=1e3, description="Weight of the loss between patches."
    )
    relation_weight: float = Field(
        3.0,
        ge=0.0,
        le=1e3,
        description="Weight of the loss between the similarities of an image's patches.",
    )
    global_weight: float = Field(
        0.2, ge=0.0, le=1e3, description="Weight of the loss between pooled features."
    )
    consistency_weight: float = Field(
        0.1, ge=0.0, le=1e3, description="Weight of the loss between the two frames of a pair."
    )


@METHODS.register("distill")
class Distill(Method):
    """Feature distillation from a frozen teacher.

    Patches and pooled features are compared with the teacher's standardized features through one
    linear adaptor each; the adaptors are not exported. The student's own grid, which the robot
    clusters, is compared with the teacher's in the similarities between the patches of an image. A
    teacher grid of another stride is resized to the student's.

    Raises:
        ConfigError: if crop_size is not a multiple of the student's stride, or the teacher is unknown.
        WeightsError: if the teacher's weights are missing or damaged.
    """

    summary = "feature distillation between networks of any architecture"
    Options = DistillOptions

    def __init__(self, options: DistillOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        _check_crop_size(options.crop_size, encoder)
        teacher = build_encoder(options.teacher, options.teacher_weights, options.teacher_stage)
        _check_adaptor(options, encoder, teacher)
        is_linear = options.adaptor == "linear"
        self.patch_adaptor = nn.Linear(encoder.channels, teacher.channels) if is_linear else None
        self.image_adaptor = nn.Linear(encoder.channels, teacher.channels)
        self.patch_standardizer = FeatureStandardizer(teacher.channels)
        self.image_standardizer = FeatureStandardizer(teacher.channels)
        if not options.teacher_cache:
            self.teacher = Teacher(teacher, options.teacher_resolution)
        self.averaged = _build_average(encoder, options.average) if options.average else None
        initial = encoder.state_dict() if options.initial_share else {}
        self._initial = {name: value.clone() for name, value in initial.items()}

    @property
    def exported_encoder(self) -> Encoder:
        """The student, or the moving average of its weights; with a share of the initial ones."""
        encoder: Encoder = self.encoder if self.averaged is None else self.averaged.module  # type: ignore[assignment]
        share = self.options.initial_share
        return interpolate(encoder, self._initial, share) if share else encoder

    def after_optimizer_step(self) -> None:
        """Update the moving average of the weights."""
        if self.averaged is not None:
            self.averaged.update_parameters(self.encoder)

    @property
    def _is_encoded(self) -> bool:
        cache = self.options.teacher_cache
        return bool(cache) and is_encoded(Path(cache).expanduser())

    @property
    def _cache(self) -> TeacherCache:
        return TeacherCache(Path(self.options.teacher_cache).expanduser(), self._teacher_options)

    @property
    def _teacher_options(self) -> PipelineConfig:
        """Options with which the runtime executes the teacher."""
        options = self.options
        values = {
            "backbone": options.teacher,
            "weights": options.teacher_weights,
            "stage": options.teacher_stage,
            "resolution": options.teacher_resolution,
            "device": options.device,
        }
        return validated(PipelineConfig, values)

    def build_reference(self) -> ColorMasks:
        """Return the masks of the teacher, which the student should find."""
        config = self._teacher_options
        return ColorMasks(load_backbone(config), config)

    def build_transform(self) -> ViewTransform:
        """Return the transform to one view per frame, with the teacher's features if cached."""
        options, grid_size = self.options, self.options.crop_size // self.encoder.stride
        views = PlainViewTransform(options, grid_size if options.consistency_weight else None)
        if not options.teacher_cache:
            return views
        read = stored_features if self._is_encoded else self._cache.read
        return TeacherViewTransform(views, read, grid_size)

    def prepare(self, frames: Iterable[RGBDFrame]) -> None:
        """Compute the teacher's features of the frames that the cache lacks."""
        if self.options.teacher_cache and not self._is_encoded:
            self._cache.fill(frames)

    def compute_loss(self, views: Views) -> StepOutput:
        """Compare the student with the teacher.

        Args:
            views: "images" (B, 2, 3, S, S) and "correspondence" (B, h, w, 2); with a cache
                also "teacher_grid" (B, 2, h, w, C) and "teacher_pooled" (B, 2, C), and of a teacher
                with attention "teacher_attention" (B, 2, n, h, w) and "attention_mass" (B, 2, n).
        """
        student = self.encoder(views["images"].flatten(0, 1))
        teacher = self._teacher_output(views, student.grid.shape[1:3])
        losses = {
            "dense": self._dense_loss(student, teacher),
            "global": self._global_loss(student, teacher),
            "relation": relation_loss(student.grid.flatten(1, 2), teacher.grid.flatten(1, 2)),
        }
        logits, attention = student.attention_logits, views.get("teacher_attention")
        if logits is not None and attention is not None and attention.shape[2] == logits.shape[1]:
            losses["attention"] = self._attention_loss(logits, views)
        if "correspondence" in views:
            losses["consistency"] = _pair_loss(student.grid, views["correspondence"])
        weighted = [self._weights[name] * loss for name, loss in losses.items()]
        return StepOutput(torch.stack(weighted).sum(), student.pooled.float(), metrics=losses)

    @property
    def _weights(self) -> dict[str, float]:
        options = self.options
        return {
            "dense": options.dense_weight,
            "global": options.global_weight,
            "relation": options.relation_weight,
            "consistency": options.consistency_weight,
            "attention": options.attention_weight,
        }

    def _teacher_output(self, views: Views, grid_shape: torch.Size) -> EncoderOutput:
        """Return the teacher's features of 2 B views, from the cache or by a forward pass."""
        if "teacher_grid" in views:
            return EncoderOutput(
                views["teacher_pooled"].flatten(0, 1), views["teacher_grid"].flatten(0, 1)
            )
        images = views["images"].flatten(0, 1)
        output: EncoderOutput = self.teacher(images, (grid_shape[0], grid_shape[1]))
        return output

    def _dense_loss(self, student: EncoderOutput, teacher: EncoderOutput) -> torch.Tensor:
        target = self.patch_standardizer(teacher.grid)
        if self.patch_adaptor is None:
            return feature_loss(self.patch_standardizer.standardize(student.grid), target)
        return feature_loss(self.patch_adaptor(student.grid), target)

    def _attention_loss(self, logits: torch.Tensor, views: Views) -> torch.Tensor:
        """Compare the attention, and follow its mean sum over the patches of an image."""
        mass = views["attention_mass"].flatten(0, 1).mean(0)
        self.encoder.network.attention_mass.lerp_(mass, MASS_RATE)
        return attention_loss(logits, views["teacher_attention"].flatten(0, 1))

    def _global_loss(self, student: EncoderOutput, teacher: EncoderOutput) -> torch.Tensor:
        target = self.image_standardizer(teacher.pooled)
        return cosine_loss(self.image_adaptor(student.pooled), target)


def _build_average(encoder: Encoder, decay: float) -> AveragedModel:
    """Build the moving average of an encoder's weights and statistics, which needs no gradient.

    The decay grows from 0.1 to its value, so that the initial weights are soon forgotten (TensorFlow's
    ExponentialMovingAverage).
    """

    @torch.no_grad()
    def update(averages: Any, values: Any, num_updates: torch.Tensor | int) -> None:
        count = int(num_updates)
        get_ema_multi_avg_fn(min(decay, (1 + count) / (10 + count)))(averages, values, count)

    averaged = AveragedModel(encoder, multi_avg_fn=update, use_buffers=True)
    averaged.requires_grad_(False)
    return averaged


def _check_adaptor(options: DistillOptions, encoder: Encoder, teacher: Encoder) -> None:
    if options.adaptor == "none" and encoder.channels != teacher.channels:
        raise ConfigError(
            f"adaptor = 'none': {encoder.name} has {encoder.channels} channels, {teacher.name} "
            f"{teacher.channels}; set adaptor to linear"
        )


def _check_crop_size(crop_size: int, encoder: Encoder) -> None:
    if crop_size % encoder.stride:
        nearest = max(1, round(crop_size / encoder.stride)) * encoder.stride
        raise ConfigError(
            f"crop_size = {crop_size}: {encoder.name} needs a multiple of its stride of "
            f"{encoder.stride} pixels; set it to {nearest}"
        )


def _pair_loss(grid: torch.Tensor, correspondence: torch.Tensor) -> torch.Tensor:
    first, second = grid.unflatten(0, (-1, 2)).unbind(1)
    return consistency_loss(first, second, correspondence)
