"""Method `moco`: contrastive learning against a queue of earlier keys."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from pydantic import Field
from torch import nn

from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.base import GROUP, Views, ViewTransform
from scenerep_training.data.views.photometric import MOCO_VIEW
from scenerep_training.data.views.two_views import TwoViewTransform
from scenerep_training.losses.info_nce import info_nce_loss
from scenerep_training.methods.base import Method, StepOutput
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.key_queue import KeyQueue
from scenerep_training.networks.momentum import MomentumNetwork
from scenerep_training.networks.sync_batch_norm import convert_sync_batch_norm


class MoCoOptions(TrainingOptions):
    """Options of `moco`; the defaults of its loss and networks, except the queue, are the paper's."""

    hidden: int = Field(2048, ge=1, le=2**16, description="Hidden channels of the projector.")
    projection: int = Field(128, ge=2, le=2**16, description="Output channels of the projector.")
    temperature: float = Field(
        0.2, gt=0.0, le=10.0, description="Temperature of the cosine similarities."
    )
    momentum: float = Field(0.999, ge=0.0, le=1.0, description="Momentum of the key encoder.")
    queue: int = Field(
        4096,
        ge=1,
        le=2**20,
        description="Number of keys that serve as negatives (the paper uses 65536 for a million "
        "images).",
    )


@METHODS.register("moco")
class MoCo(Method):
    """Momentum contrast, version 2 (He et al., CVPR 2020; Chen et al. 2020, arXiv 2003.04297).

    The key of a query comes from the momentum encoder, its negatives from a queue of earlier keys of
    other recordings.
    The paper shuffles images among GPUs, because the batch statistics of one GPU reveal which key
    belongs to a query. Here batch normalization is synchronized over all processes, so there is
    nothing to reveal and nothing is shuffled.

    Args:
        options: options of the method.
        encoder: query encoder.
    """

    summary = "contrastive learning against a queue of earlier keys"
    Options: ClassVar[type[TrainingOptions]] = MoCoOptions

    def __init__(self, options: MoCoOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        convert_sync_batch_norm(encoder)
        self.projector = nn.Sequential(
            nn.Linear(encoder.channels, options.hidden),
            nn.ReLU(inplace=True),
            nn.Linear(options.hidden, options.projection),
        )
        self.key_encoder = MomentumNetwork(encoder)
        self.key_projector = MomentumNetwork(self.projector)
        self.queue = KeyQueue(options.queue, options.projection)

    def build_transform(self) -> ViewTransform:
        """Return the transform to one view per frame."""
        return TwoViewTransform(self.options, MOCO_VIEW, MOCO_VIEW)

    def compute_loss(self, views: Views) -> StepOutput:
        """Contrast `views` (B, 2, 3, S, S) of the groups "group" (B,).

        Queries are of the first view, keys of the second.
        """
        first, second = views["views"].unbind(1)
        query = self.projector(self.encoder(first).pooled)
        key = F.normalize(self.key_projector(self.key_encoder(second).pooled).float(), dim=1)
        # The keys of a step's batches enter the queue after the optimizer.
        is_negative = self.queue.is_negative(views[GROUP])
        temperature = self.options.temperature
        loss = info_nce_loss(query, key, self.queue.keys, is_negative, temperature)
        self.queue.collect(key, views[GROUP])
        return StepOutput(loss, query)

    def after_optimizer_step(self) -> None:
        """Update the key encoder and the queue."""
        self.queue.push_collected()
        self.key_encoder.update(self.encoder, self.options.momentum)
        self.key_projector.update(self.projector, self.options.momentum)
