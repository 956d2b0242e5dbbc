"""Method `odin`: object discovery and representation networks."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field

from scenerep_training.config.options import SpanningOptions, TrainingOptions
from scenerep_training.data.views.base import GROUP, Views, ViewTransform
from scenerep_training.data.views.spanning import SpanningViewTransform
from scenerep_training.engine.schedules import cosine_schedule
from scenerep_training.losses.odin import object_contrast_loss
from scenerep_training.methods.base import StepOutput
from scenerep_training.methods.online_target import OnlineTargetMethod, OnlineTargetOptions
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import MomentumNetwork
from scenerep_training.networks.objects import align_masks, discover_objects, pool_objects


class ODINOptions(OnlineTargetOptions, SpanningOptions):
    """Options of `odin`."""

    objects: int = Field(
        8, ge=2, le=64, description="Number of objects per pair, the K of K-Means."
    )
    temperature: float = Field(
        0.1, gt=0.0, le=10.0, description="Temperature of the cosine similarities."
    )
    discovery_momentum: float = Field(
        0.996,
        ge=0.0,
        le=1.0,
        description="Initial momentum of the discovery network; it rises to 1 by half a cosine.",
    )


@METHODS.register("odin")
class ODIN(OnlineTargetMethod):
    """Object discovery and representation networks (Henaff et al., ECCV 2022).

    K-Means clusters the discovery network's features of the spanning views, of both frames of a pair
    together. The cluster masks are aligned with the views, and the features of each mask are
    averaged. An object's feature in one view, predicted by the online network, is contrasted with
    the target network's features in the other view.

    Args:
        options: options of the method.
        encoder: encoder of the online network.
    """

    summary = "object discovery and representation networks"
    Options: ClassVar[type[TrainingOptions]] = ODINOptions

    def __init__(self, options: ODINOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.discovery = MomentumNetwork(encoder)

    def build_transform(self) -> ViewTransform:
        """Return the transform to one view per frame and the views that span both crops."""
        return SpanningViewTransform(self.options)

    def compute_loss(self, views: Views) -> StepOutput:
        """Contrast the objects of a batch.

        Args:
            views: "views" (B, 2, 3, S, S), in which objects are compared; "spanning"
                (B, 2, 3, P, P), in which they are discovered; "boxes" (B, 2, 4) and "flips" (B, 2);
                "group" (B,), see `PairDataset`.
        """
        # Encode both views with both networks.
        images = views["views"].flatten(0, 1)
        grids, target_grids = self.encoder(images).grid, self.target(images).grid
        # Pool the features of each object.
        masks = self._object_masks(views, grids.shape[1])
        objects, is_present = pool_objects(grids, masks)
        projections = self.projector(objects.flatten(0, 1))
        predictions = self.predictor(projections)
        targets = self.target_projector(pool_objects(target_grids, masks)[0].flatten(0, 1))
        # Contrast each view's predictions with the other view's targets.
        in_both = is_present.unflatten(0, (-1, 2)).all(1).flatten()
        first, second = self._split_views(predictions)
        first_target, second_target = self._split_views(targets)
        temperature = self.options.temperature
        groups = views[GROUP]
        loss = object_contrast_loss(first, second_target, in_both, groups, temperature)
        loss = loss + object_contrast_loss(second, first_target, in_both, groups, temperature)
        metrics = {"objects": in_both.sum() / len(views["views"])}
        return StepOutput(loss, projections, metrics=metrics)

    def after_optimizer_step(self) -> None:
        """Update the target and the discovery network."""
        super().after_optimizer_step()
        momentum = cosine_schedule(self.options.discovery_momentum, 1.0, self.progress)
        self.discovery.update(self.encoder, momentum)

    def _object_masks(self, views: Views, grid_size: int) -> torch.Tensor:
        """Return the masks (2 B, K, grid_size, grid_size) of the objects in the views."""
        spanning_grids = self.discovery(views["spanning"].flatten(0, 1)).grid
        masks = discover_objects(spanning_grids.unflatten(0, (-1, 2)), self.options.objects)
        boxes, flips = views["boxes"].flatten(0, 1), views["flips"].flatten(0, 1)
        return align_masks(masks.flatten(0, 1), boxes, flips, grid_size)

    def _split_views(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Split rows (2 B K, D) into those of the first and of the second views, (B K, D) each."""
        first, second = rows.unflatten(0, (-1, 2, self.options.objects)).unbind(1)
        return first.flatten(0, 1), second.flatten(0, 1)
