"""Method `simclr`: contrastive learning within a batch."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.base import GROUP, Views, ViewTransform
from scenerep_training.data.views.photometric import SIMCLR_VIEW
from scenerep_training.data.views.two_views import TwoViewTransform
from scenerep_training.losses.nt_xent import nt_xent_loss
from scenerep_training.methods.base import Method, StepOutput
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.projection import projection_mlp
from scenerep_training.networks.sync_batch_norm import convert_sync_batch_norm


class SimCLROptions(TrainingOptions):
    """Options of `simclr`; the defaults of its loss and network are the paper's."""

    hidden: int = Field(2048, ge=1, le=2**16, description="Hidden channels of the projector.")
    projection: int = Field(128, ge=2, le=2**16, description="Output channels of the projector.")
    temperature: float = Field(
        0.1, gt=0.0, le=10.0, description="Temperature of the cosine similarities."
    )


@METHODS.register("simclr")
class SimCLR(Method):
    """A simple framework for contrastive learning of representations (Chen et al., ICML 2020).

    The negatives of a view are both views of all pairs of other recordings in the batch, over all
    processes.

    Args:
        options: options of the method.
        encoder: network to train.
    """

    summary = "contrastive learning within a batch"
    Options: ClassVar[type[TrainingOptions]] = SimCLROptions

    def __init__(self, options: SimCLROptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.projector = projection_mlp(encoder.channels, options.hidden, options.projection)
        convert_sync_batch_norm(self)

    def build_transform(self) -> ViewTransform:
        """Return the transform to one view per frame."""
        return TwoViewTransform(self.options, SIMCLR_VIEW, SIMCLR_VIEW)

    def compute_loss(self, views: Views) -> StepOutput:
        """Contrast `views` (B, 2, 3, S, S) of the groups "group" (B,).

        Batch normalization sees both views as one batch.
        """
        images = views["views"].transpose(0, 1).flatten(0, 1)
        projections = self.projector(self.encoder(images).pooled)
        first, second = projections.chunk(2)
        loss = nt_xent_loss(first, second, views[GROUP], self.options.temperature)
        return StepOutput(loss, projections)
