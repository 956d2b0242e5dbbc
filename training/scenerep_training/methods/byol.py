"""Method `byol`: bootstrap your own latent."""

from __future__ import annotations

from typing import ClassVar

import torch

from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.base import Views, ViewTransform
from scenerep_training.data.views.two_views import TwoViewTransform
from scenerep_training.losses.byol import byol_loss
from scenerep_training.methods.base import StepOutput
from scenerep_training.methods.online_target import OnlineTargetMethod, OnlineTargetOptions
from scenerep_training.methods.registry import METHODS


@METHODS.register("byol")
class BYOL(OnlineTargetMethod):
    """Bootstrap your own latent (Grill et al., NeurIPS 2020).

    The online network predicts the target network's projection of the other view, in both
    directions. There are no negatives: batch normalization, the predictor and the slowly moving
    target prevent collapse.
    """

    summary = "bootstrap your own latent"
    Options: ClassVar[type[TrainingOptions]] = OnlineTargetOptions

    def build_transform(self) -> ViewTransform:
        """Return the transform to one view per frame, with BYOL's asymmetric augmentation."""
        return TwoViewTransform(self.options)

    def compute_loss(self, views: Views) -> StepOutput:
        """Compute the symmetric loss of `views` (B, 2, 3, S, S)."""
        first, second = views["views"].unbind(1)
        projections = [self.projector(self.encoder(view).pooled) for view in (first, second)]
        # The target of each view's prediction is the projection of the other view.
        targets = [self.target_projector(self.target(view).pooled) for view in (second, first)]
        losses = [
            byol_loss(self.predictor(projection), target)
            for projection, target in zip(projections, targets, strict=True)
        ]
        return StepOutput(losses[0] + losses[1], torch.cat(projections))
