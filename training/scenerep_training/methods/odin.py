"""`odin`: object discovery and representation networks."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field

from scenerep_training.config.options import SpanningOptions, TrainingOptions
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.data.views.spanning import SpanningViews
from scenerep_training.engine.schedules import cosine
from scenerep_training.losses.odin import object_contrast_loss
from scenerep_training.methods.base import Step
from scenerep_training.methods.online_target import OnlineTargetMethod, OnlineTargetOptions
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import Momentum
from scenerep_training.networks.objects import align_masks, discover_objects, pool_objects


class ODINOptions(OnlineTargetOptions, SpanningOptions):
    """Options of `odin`."""

    objects: int = Field(8, ge=2, le=64, description="Objects that K-Means finds in a pair.")
    temperature: float = Field(0.1, gt=0.0, le=10.0, description="Of the cosines.")
    discovery_momentum: float = Field(
        0.996, ge=0.0, le=1.0, description="Of the network that finds objects; the same way."
    )


class ODIN(OnlineTargetMethod):
    """Object discovery and representation networks (Henaff et al., ECCV 2022).

    The discovery network's features of the spanning views are clustered, for both frames of a pair
    together; the clusters' masks are aligned with the views; and an object's mean feature in one
    view, predicted by the online network, is contrasted with the target network's of the other one.

    Args:
        options: of the method.
        encoder: of the online network.
    """

    name = "odin"
    Options: ClassVar[type[TrainingOptions]] = ODINOptions

    def __init__(self, options: ODINOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.discovery = Momentum(encoder)

    def make_views(self) -> MakeViews:
        """A view of each frame, and the view that spans both."""
        return SpanningViews(self.options)

    def loss(self, views: Views) -> Step:
        """Compare objects of `views` (B, 2, 3, S, S), found in `spanning` (B, 2, 3, P, P)."""
        images = views["views"].flatten(0, 1)
        grids, target_grids = self.encoder(images).grid, self.target(images).grid
        masks = self._masks(views, grids.shape[1])
        objects, present = pool_objects(grids, masks)
        projections = self.projector(objects.flatten(0, 1))
        predictions = self.predictor(projections)
        targets = self.target_projector(pool_objects(target_grids, masks)[0].flatten(0, 1))
        in_both = present.unflatten(0, (-1, 2)).all(1).flatten()
        first, second = self._by_view(predictions)
        target_first, target_second = self._by_view(targets)
        temperature = self.options.temperature
        loss = object_contrast_loss(first, target_second, in_both, temperature)
        loss = loss + object_contrast_loss(second, target_first, in_both, temperature)
        return Step(loss, projections, parts={"objects": in_both.sum() / len(views["views"])})

    def after_step(self) -> None:
        """Let target and discovery network follow."""
        super().after_step()
        slow = cosine(self.options.discovery_momentum, 1.0, self.progress)
        self.discovery.follow(self.encoder, slow)

    def _masks(self, views: Views, cells: int) -> torch.Tensor:
        """Masks (2 B, K, cells, cells) of the objects in the views."""
        spanning = self.discovery(views["spanning"].flatten(0, 1)).grid
        found = discover_objects(spanning.unflatten(0, (-1, 2)), self.options.objects)
        boxes, flips = views["boxes"].flatten(0, 1), views["flips"].flatten(0, 1)
        return align_masks(found.flatten(0, 1), boxes, flips, cells)

    def _by_view(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows (2 B K, D) of the first views, (B K, D), and of the second ones."""
        first, second = rows.unflatten(0, (-1, 2, self.options.objects)).unbind(1)
        return first.flatten(0, 1), second.flatten(0, 1)
