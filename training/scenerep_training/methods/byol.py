"""`byol`: bootstrap your own latent."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field

from scenerep_training.data.pair import MakeViews, Views
from scenerep_training.data.two_views import TwoViews
from scenerep_training.losses.byol import byol_loss
from scenerep_training.methods.base import Method, Step
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import Momentum
from scenerep_training.networks.projection import mlp
from scenerep_training.networks.sync_batch_norm import convert
from scenerep_training.options import TrainingOptions
from scenerep_training.schedules import cosine


class BYOLOptions(TrainingOptions):
    """Options of `byol`; those of its networks are the paper's."""

    hidden: int = Field(4096, ge=1, le=2**16, description="Hidden channels of the two MLPs.")
    projection: int = Field(256, ge=2, le=2**16, description="Channels that are predicted.")
    momentum: float = Field(
        0.996, ge=0.0, le=1.0, description="Of the target at first; rises to 1 by half a cosine."
    )


class BYOL(Method):
    """Bootstrap your own latent (Grill et al., NeurIPS 2020).

    The online network's prediction of one view meets the target network's projection of the other,
    both ways. No negatives: batch normalisation, the predictor and the slow target keep it awake.

    Args:
        options: of the method.
        encoder: of the online network.
    """

    name = "byol"
    Options: ClassVar[type[TrainingOptions]] = BYOLOptions

    def __init__(self, options: BYOLOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.projector = mlp(encoder.channels, options.hidden, options.projection)
        self.predictor = mlp(options.projection, options.hidden, options.projection)
        convert(self)
        self.target = Momentum(encoder)
        self.target_projector = Momentum(self.projector)

    def make_views(self) -> MakeViews:
        """One view of each frame, changed differently."""
        return TwoViews(self.options)

    def loss(self, views: Views) -> Step:
        """Compare `views` (B, 2, 3, S, S)."""
        first, second = views["views"].unbind(1)
        projections = [self.projector(self.encoder(view).pooled) for view in (first, second)]
        targets = [self.target_projector(self.target(view).pooled) for view in (second, first)]
        losses = [
            byol_loss(self.predictor(projection), target)
            for projection, target in zip(projections, targets, strict=True)
        ]
        return Step(losses[0] + losses[1], torch.cat(projections))

    def after_step(self) -> None:
        """Let the target follow."""
        momentum = cosine(self.options.momentum, 1.0, self.progress)
        self.target.follow(self.encoder, momentum)
        self.target_projector.follow(self.projector, momentum)
