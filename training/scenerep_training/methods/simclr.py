"""`simclr`: contrast of views within the batch."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.data.views.photometric import SIMCLR
from scenerep_training.data.views.two_views import TwoViews
from scenerep_training.losses.nt_xent import nt_xent_loss
from scenerep_training.methods.base import Method, Step
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.projection import mlp
from scenerep_training.networks.sync_batch_norm import convert


class SimCLROptions(TrainingOptions):
    """Options of `simclr`; those of its loss and network are the paper's."""

    hidden: int = Field(2048, ge=1, le=2**16, description="Hidden channels of the MLP.")
    projection: int = Field(128, ge=2, le=2**16, description="Channels that are contrasted.")
    temperature: float = Field(0.1, gt=0.0, le=10.0, description="Of the cosines.")


class SimCLR(Method):
    """A simple framework for contrastive learning (Chen et al., ICML 2020).

    Both views of all other pairs of the batch, of all processes, are negatives.

    Args:
        options: of the method.
        encoder: the network.
    """

    name = "simclr"
    Options: ClassVar[type[TrainingOptions]] = SimCLROptions

    def __init__(self, options: SimCLROptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.projector = mlp(encoder.channels, options.hidden, options.projection)
        convert(self)

    def make_views(self) -> MakeViews:
        """One view of each frame."""
        return TwoViews(self.options, SIMCLR, SIMCLR)

    def loss(self, views: Views) -> Step:
        """Contrast `views` (B, 2, 3, S, S); both views are one batch to batch normalisation."""
        images = views["views"].transpose(0, 1).flatten(0, 1)
        projections = self.projector(self.encoder(images).pooled)
        first, second = projections.chunk(2)
        return Step(nt_xent_loss(first, second, self.options.temperature), projections)
