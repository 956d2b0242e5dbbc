"""What every training method is: views of a pair, a loss of a batch, a network to hand out.

Lightning carries the loop. What a method adds is its networks, `make_views`, `loss`, and where it
has a teacher, `after_step`.
"""

from __future__ import annotations

import math
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
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.networks.encoder import Encoder


@dataclass(frozen=True)
class Step:
    """What one batch gave.

    Attributes:
        loss: scalar, with gradient.
        features: (N, D) embeddings, whose spread tells whether they still depend on the image.
        teacher: (M, K) probabilities of the teacher, where the method has some.
        student: (M, K) log-probabilities of the student for the same rows.
        parts: further scalars for the log.
    """

    loss: torch.Tensor
    features: torch.Tensor
    teacher: torch.Tensor | None = None
    student: torch.Tensor | None = None
    parts: dict[str, torch.Tensor] = field(default_factory=dict)


class Method(LightningModule, ABC):
    """Base of the training methods.

    Args:
        options: of the method.
        encoder: the network that is trained, with its first weights.

    Attributes:
        name: as on the command line.
        Options: model of its options.
        last: what the last batch gave, without gradient, for those who watch the run.
    """

    name: ClassVar[str]
    Options: ClassVar[type[TrainingOptions]]
    last: Step | None = None

    def __init__(self, options: TrainingOptions, encoder: Encoder) -> None:
        super().__init__()
        self.options: Any = options
        self.encoder = encoder

    @abstractmethod
    def make_views(self) -> MakeViews:
        """Return what turns a pair into views; it must pickle, for it goes to the workers."""

    def prepare(self, frames: Iterable[RGBDFrame]) -> None:
        """See every frame of the data once, in order, before training; most methods need not."""

    @abstractmethod
    def loss(self, views: Views) -> Step:
        """Compute the loss of a batch of views."""

    @property
    def exported(self) -> Encoder:
        """The network that the checkpoint for the robot holds."""
        return self.encoder

    def after_step(self) -> None:
        """Follow a step of the optimiser; teachers move here."""

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        return min(1.0, self.global_step / self.options.max_steps)

    def training_step(self, views: Views) -> torch.Tensor:
        """Lightning's hook: one batch."""
        step = self.loss(views)
        self.last = _detached(step)
        self.log("loss", step.loss, prog_bar=True, sync_dist=True)
        self.log_dict(step.parts)
        return step.loss

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Lightning's hook: once a step, however many batches make one."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.after_step()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Lightning's hook: timm's optimiser, warm-up and cosine decay a step."""
        options = self.options
        optimiser = create_optimizer_v2(
            self,  # frozen parameters are left out, biases and norms are not decayed
            opt=options.optimiser,
            lr=options.learning_rate * options.batch_size / 256,
            weight_decay=options.weight_decay,
        )
        rate = LambdaLR(optimiser, WarmupCosine(options.warmup, options.max_steps))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


@dataclass(frozen=True)
class WarmupCosine:
    """Factor of the learning rate: linear rise, then half a cosine to 0 (Loshchilov, Hutter 2017).

    >>> factor = WarmupCosine(warmup=0.1, steps=100)
    >>> [round(factor(step), 3) for step in (0, 4, 9, 55, 100)]
    [0.1, 0.5, 1.0, 0.5, 0.0]
    """

    warmup: float
    steps: int

    def __call__(self, step: int) -> float:
        """Return the factor of one step."""
        rise = round(self.warmup * self.steps)
        if step < rise:
            return (step + 1) / rise
        share = (step - rise) / max(1, self.steps - rise)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def _detached(step: Step) -> Step:
    teacher, student = step.teacher, step.student
    return Step(
        step.loss.detach(),
        step.features.detach(),
        None if teacher is None else teacher.detach(),
        None if student is None else student.detach(),
        {name: value.detach() for name, value in step.parts.items()},
    )
