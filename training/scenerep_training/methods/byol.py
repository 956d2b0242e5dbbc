"""`byol`: bootstrap your own latent."""

from __future__ import annotations

from typing import ClassVar

import torch

from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.data.views.two_views import TwoViews
from scenerep_training.losses.byol import byol_loss
from scenerep_training.methods.base import Step
from scenerep_training.methods.online_target import OnlineTargetMethod, OnlineTargetOptions


class BYOL(OnlineTargetMethod):
    """Bootstrap your own latent (Grill et al., NeurIPS 2020).

    The online network's prediction of one view meets the target network's projection of the other,
    both ways. No negatives: batch normalisation, the predictor and the slow target keep it awake.
    """

    name = "byol"
    Options: ClassVar[type[TrainingOptions]] = OnlineTargetOptions

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
