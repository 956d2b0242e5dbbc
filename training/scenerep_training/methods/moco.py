"""`moco`: contrast with a queue of earlier keys."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from pydantic import Field
from torch import nn

from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.data.views.photometric import MOCO
from scenerep_training.data.views.two_views import TwoViews
from scenerep_training.losses.info_nce import info_nce_loss
from scenerep_training.methods.base import Method, Step
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import Momentum
from scenerep_training.networks.queue import Queue
from scenerep_training.networks.sync_batch_norm import convert


class MoCoOptions(TrainingOptions):
    """Options of `moco`; those of its loss and networks are the paper's, but for the queue's size."""

    hidden: int = Field(2048, ge=1, le=2**16, description="Hidden channels of the MLP.")
    projection: int = Field(128, ge=2, le=2**16, description="Channels that are contrasted.")
    temperature: float = Field(0.2, gt=0.0, le=10.0, description="Of the cosines.")
    momentum: float = Field(0.999, ge=0.0, le=1.0, description="Of the key encoder.")
    queue: int = Field(
        4096,
        ge=1,
        le=2**20,
        description="Keys that are negatives (the paper's 65536 are for a million images).",
    )


class MoCo(Method):
    """Momentum contrast, version 2 (He et al., CVPR 2020; Chen et al. 2020, arXiv 2003.04297).

    A query's key comes from the momentum encoder, its negatives from a queue of earlier keys. The
    paper shuffles images among GPUs, because in the few images of one GPU batch normalisation tells
    which key belongs to a query. Here it is synchronised over all processes, so that there is no
    such group to be told by, and nothing is shuffled.

    Args:
        options: of the method.
        encoder: of the queries.
    """

    name = "moco"
    Options: ClassVar[type[TrainingOptions]] = MoCoOptions

    def __init__(self, options: MoCoOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        convert(encoder)
        self.projector = nn.Sequential(
            nn.Linear(encoder.channels, options.hidden),
            nn.ReLU(inplace=True),
            nn.Linear(options.hidden, options.projection),
        )
        self.key_encoder = Momentum(encoder)
        self.key_projector = Momentum(self.projector)
        self.queue = Queue(options.queue, options.projection)

    def make_views(self) -> MakeViews:
        """One view of each frame."""
        return TwoViews(self.options, MOCO, MOCO)

    def loss(self, views: Views) -> Step:
        """Contrast `views` (B, 2, 3, S, S): queries are of the first view, keys of the second."""
        first, second = views["views"].unbind(1)
        query = self.projector(self.encoder(first).pooled)
        key = F.normalize(self.key_projector(self.key_encoder(second).pooled).float(), dim=1)
        # A copy: the backward pass reads the keys that the loss saw, and not their successors.
        loss = info_nce_loss(query, key, self.queue.keys.clone(), self.options.temperature)
        self.queue.push(key)
        return Step(loss, query)

    def after_step(self) -> None:
        """Let the key encoder follow."""
        self.key_encoder.follow(self.encoder, self.options.momentum)
        self.key_projector.follow(self.projector, self.options.momentum)
