"""Interface of the training methods.

Lightning runs the training loop. A method contributes its networks, the augmentation of a frame
pair (`build_transform`), the loss of a batch (`compute_loss`) and, if it has a momentum teacher, the
teacher's update (`after_optimizer_step`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from timm.optim import create_optimizer_v2  # type: ignore[attr-defined]
from torch.optim.lr_scheduler import LambdaLR

from scenerep_ros.frames import RGBDFrame
from scenerep_training.agreement.references import FindMasks
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.base import Views, ViewTransform
from scenerep_training.engine.schedules import WarmupCosine
from scenerep_training.networks.encoder import Encoder

REFERENCE_BATCH_SIZE = 256
"""Pairs per step at which the option `learning_rate` is given (Goyal et al. 2017)."""


@dataclass(frozen=True)
class StepOutput:
    """Results of one batch.

    Attributes:
        loss: scalar, with gradient.
        features: (N, D) embeddings; their spread shows whether they still depend on the image.
        teacher_probs: (M, K) output probabilities of the teacher; None if the method has none.
        student_log_probs: (M, K) output log-probabilities of the student for the same rows.
        metrics: further scalars for the log.
    """

    loss: torch.Tensor
    features: torch.Tensor
    teacher_probs: torch.Tensor | None = None
    student_log_probs: torch.Tensor | None = None
    metrics: dict[str, torch.Tensor] = field(default_factory=dict)

    def detach(self) -> StepOutput:
        """Return a copy without gradient."""
        teacher, student = self.teacher_probs, self.student_log_probs
        return StepOutput(
            self.loss.detach(),
            self.features.detach(),
            None if teacher is None else teacher.detach(),
            None if student is None else student.detach(),
            {name: value.detach() for name, value in self.metrics.items()},
        )


class Method(LightningModule, ABC):
    """Base of the training methods.

    Args:
        options: options of the method.
        encoder: network to train, with its initial weights.

    Attributes:
        summary: noun phrase for the list of methods.
        Options: model of the method's options.
        last_output: results of the last batch, without gradient, for the callbacks.
    """

    summary: ClassVar[str] = ""
    Options: ClassVar[type[TrainingOptions]]
    last_output: StepOutput | None = None

    def __init__(self, options: TrainingOptions, encoder: Encoder) -> None:
        super().__init__()
        self.options: Any = options
        self.encoder = encoder

    @abstractmethod
    def build_transform(self) -> ViewTransform:
        """Return the augmentation of a frame pair; it must pickle, for the loader's workers."""

    def prepare(self, frames: Iterable[RGBDFrame]) -> None:
        """Process all frames of the data once, in order, before training; most methods need not."""

    @abstractmethod
    def compute_loss(self, views: Views) -> StepOutput:
        """Compute the loss of a batch of views."""

    @property
    def exported_encoder(self) -> Encoder:
        """Network that is exported for the robot."""
        return self.encoder

    def build_reference(self) -> FindMasks | None:
        """Return the masks by which the gate judges frames without depth; None: by what moves."""
        return None

    def after_optimizer_step(self) -> None:
        """Update what follows the optimizer, such as a momentum teacher."""

    @property
    def progress(self) -> float:
        """Completed ratio of the run, 0 to 1."""
        return min(1.0, self.global_step / self.options.max_steps)

    def training_step(self, views: Views) -> torch.Tensor:
        """Compute and log the loss of one batch (Lightning hook)."""
        output = self.compute_loss(views)
        self.last_output = output.detach()
        self.log("loss", output.loss, prog_bar=True, sync_dist=True)
        self.log_dict(output.metrics)
        return output.loss

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Run one optimizer step, which may cover several batches (Lightning hook)."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.after_optimizer_step()

    def on_before_optimizer_step(self, optimizer: Any) -> None:  # noqa: ARG002 (Lightning's hook)
        """Freeze the encoder while only the heads learn (Lightning hook)."""
        if self.progress < self.options.frozen_encoder:
            for parameter in self.encoder.parameters():
                parameter.grad = None

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Build timm's optimizer with warm-up and cosine decay per step (Lightning hook)."""
        options = self.options
        # timm skips frozen parameters, and does not decay biases and norms.
        optimizer = create_optimizer_v2(
            self,
            opt=options.optimizer,
            lr=options.learning_rate * options.batch_size / REFERENCE_BATCH_SIZE,
            weight_decay=options.weight_decay,
        )
        factor = WarmupCosine(options.warmup, options.max_steps, options.schedule == "cosine")
        # The state of a function is not saved, so a run that is lengthened follows its new schedule.
        scheduler = LambdaLR(optimizer, lambda step: factor(step))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }
