"""Options that all training methods share: default, bounds, unit and meaning of each, once.

The options of one method extend `TrainingOptions` beside that method and may change its defaults.
The flags of `scenerep-train` and the keys of `training/configs/*.yaml` come from these models.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from scenerep_ros.backbones.weights.checkpoint import find_checkpoint, read_card
from scenerep_ros.backbones.weights.packaged import STUDENT
from scenerep_ros.config.options import Device, OptionGroup

OptimizerName = Literal["adamw", "sgd", "lars"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Schedule = Literal["cosine", "constant"]

MIN_PAIRS_PER_BATCH = 2
"""Batch normalization needs two samples per process and batch."""


class NetworkOptions(OptionGroup):
    """Network to train, and its initial weights."""

    backbone: str = Field(
        STUDENT,
        description="Name of a timm ViT or convnet, or student, whose weights the package ships. A "
        "checkpoint named by init brings its own.",
    )
    init: str = Field(
        "auto",
        description="Initial weights: random, auto, wheel, hub, or a checkpoint, like the runtime's "
        "option weights.",
    )
    stage: int = Field(
        -1,
        ge=-8,
        le=7,
        description="Convnets: stage whose feature map is trained; -1 is the last stage.",
    )
    frozen_norms: bool = Field(
        False,
        description="Freeze the statistics of batch normalization. Recommended for fine-tuning on few "
        "recordings, whose statistics do not transfer to other scenes.",
    )

    frozen_blocks: int = Field(
        0,
        ge=0,
        le=64,
        description="ViTs: number of the first transformer blocks that keep their weights, with the patch "
        "embedding. General features lie there, and a step takes less time and memory.",
    )

    @model_validator(mode="before")
    @classmethod
    def _checkpoint_brings_its_backbone(cls, values: Any) -> Any:
        """Take the backbone from the card of `init`, unless one is named."""
        if not isinstance(values, dict) or "backbone" in values:
            return values
        folder = find_checkpoint(values.get("init", "auto"))
        return values if folder is None else values | {"backbone": read_card(folder).architecture}


class DataOptions(OptionGroup):
    """Sampling of frame pairs, and how they are read."""

    max_gap_s: float = Field(
        0.2,
        ge=0.0,
        le=60.0,
        description="Largest time between the two frames of a pair [s], but at least one frame; 0 pairs "
        "each frame with itself.",
    )
    min_gap_s: float = Field(
        0.0, ge=0.0, le=60.0, description="Smallest time between the two frames of a pair [s]."
    )
    max_frames: int = Field(
        0,
        ge=0,
        description="Largest number of frames that are trained on, evenly spread over all recordings; 0 "
        "takes all. It bounds the time and the size of a teacher_cache.",
    )
    odometry: bool = Field(
        False,
        description="Estimate camera poses of RGB-D recordings without poses, once per recording "
        "(50 ms per frame, with Open3D).",
    )
    max_unreadable: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Ratio of unreadable frames above which training stops.",
    )
    workers: int = Field(
        2,
        ge=0,
        le=256,
        description="Processes that read and augment frames; 0 uses the training process.",
    )

    @model_validator(mode="after")
    def _gaps_are_ordered(self) -> Self:
        if self.min_gap_s > self.max_gap_s:
            raise ValueError(
                f"min_gap_s = {self.min_gap_s} must not exceed max_gap_s = {self.max_gap_s}"
            )
        return self


class AugmentationOptions(OptionGroup):
    """Random crops of the frames."""

    crop_size: int = Field(224, ge=32, le=2048, description="Side of a view [px].")
    min_crop: float = Field(
        0.2,
        gt=0.0,
        le=1.0,
        description="Area of the smallest crop, as a ratio of the frame's area.",
    )
    consistent_crops: bool = Field(
        False, description="Cut the same box from both frames of a pair instead of one box each."
    )


class MultiCropOptions(AugmentationOptions):
    """Large and small random crops of the frames."""

    min_crop: float = Field(
        0.4,
        gt=0.0,
        le=1.0,
        description="Area of the smallest large crop and of the largest small crop, as a ratio of "
        "the frame's area.",
    )
    local_crops: int = Field(8, ge=1, le=64, description="Number of small crops per pair.")
    local_size: int = Field(96, ge=16, le=1024, description="Side of a small crop [px].")
    min_local_crop: float = Field(
        0.05,
        gt=0.0,
        le=1.0,
        description="Area of the smallest small crop, as a ratio of the frame's area.",
    )

    @model_validator(mode="after")
    def _small_crops_are_smaller(self) -> Self:
        if self.min_local_crop > self.min_crop:
            raise ValueError(
                f"min_local_crop = {self.min_local_crop} must not exceed min_crop = {self.min_crop}"
            )
        return self


class SpanningOptions(AugmentationOptions):
    """Random crops, and the view in which objects are discovered."""

    spanning_size: int = Field(
        320, ge=32, le=2048, description="Side of the view that spans both crops [px]."
    )


class OptimizationOptions(OptionGroup):
    """Optimizer and its schedule."""

    max_steps: int = Field(10_000, ge=1, description="Number of optimizer steps.")
    batch_size: int = Field(
        64,
        ge=2,
        le=65536,
        description="Pairs per step, over all devices and accumulated batches. With --minutes and without "
        "this option, it is halved until it fits into memory and leaves 200 steps.",
    )
    accumulate: int = Field(1, ge=1, le=4096, description="Batches accumulated per step.")
    optimizer: OptimizerName = Field("adamw", description="Optimizer, as timm implements it.")
    learning_rate: float = Field(
        1e-3,
        gt=0.0,
        le=100.0,
        description="Peak learning rate at 256 pairs per step; it is scaled with batch_size.",
    )
    weight_decay: float = Field(
        0.04, ge=0.0, le=1.0, description="Weight decay; biases and norms have none."
    )
    warmup: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Ratio of the steps in which the learning rate rises linearly.",
    )
    schedule: Schedule = Field(
        "cosine",
        description="Learning rate after the warm-up: cosine decay to 0, or constant for a run of open "
        "length, from which a short run with decay continues.",
    )
    frozen_encoder: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="Ratio of the steps in which only the heads learn: random heads would disturb a "
        "trained network.",
    )
    clip: float = Field(
        3.0, ge=0.0, description="Largest norm of the gradient; 0 disables gradient clipping."
    )


class EngineOptions(OptionGroup):
    """Hardware of a run, and its outputs."""

    seed: int = Field(
        0, ge=0, le=2**31 - 1, description="Seed of initial weights, data order and augmentation."
    )
    device: Device = Field(
        "auto", description="Device of the training. auto selects CUDA if it is available."
    )
    devices: int = Field(
        1, ge=1, le=1024, description="GPUs per machine, or processes on a machine without GPU."
    )
    nodes: int = Field(
        1, ge=1, le=4096, description="Number of machines (torchrun or SLURM starts the processes)."
    )
    precision: Precision = Field(
        "auto",
        description="Precision of the forward and backward pass; auto: bf16 on GPUs that compute with it, "
        "else fp32.",
    )
    checkpoint_every: int = Field(
        200, ge=1, description="Steps between two saved states and two measurements of the gate."
    )
    gate: bool = Field(
        True,
        description="Score the network without labels on the held-back fifth of each recording, "
        "export the best step, and refuse to write a network that is worse than the initial one. "
        "A network with init = random has nothing to lose and is never refused.",
    )
    log_every: int = Field(10, ge=1, description="Steps between two log entries.")
    preview_every: int = Field(
        500,
        ge=0,
        description="Steps between two previews, segmentations of held-out frames; 0 disables them.",
    )

    @property
    def world_size(self) -> int:
        """Number of processes that share a step."""
        return self.devices * self.nodes


# pydantic lists the fields of the last base first: network, data, augmentation, optimizer, engine.
class TrainingOptions(
    EngineOptions, OptimizationOptions, AugmentationOptions, DataOptions, NetworkOptions
):
    """All options of a run except its data and its folder."""

    @model_validator(mode="after")
    def _batch_size_is_divisible(self) -> Self:
        batches = self.accumulate * self.world_size
        if self.batch_size % batches or self.batch_size < MIN_PAIRS_PER_BATCH * batches:
            raise ValueError(
                f"batch_size = {self.batch_size} must be a multiple of accumulate x devices x nodes "
                f"= {batches}, and at least {MIN_PAIRS_PER_BATCH * batches}"
            )
        return self
