"""What BYOL and ODIN share: an online network that predicts, and a slow target that it predicts."""

from __future__ import annotations

from pydantic import Field

from scenerep_training.config.options import TrainingOptions
from scenerep_training.engine.schedules import cosine
from scenerep_training.methods.base import Method
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import Momentum
from scenerep_training.networks.projection import mlp
from scenerep_training.networks.sync_batch_norm import convert


class OnlineTargetOptions(TrainingOptions):
    """Options of the two networks; the defaults are BYOL's, which ODIN took over."""

    hidden: int = Field(4096, ge=1, le=2**16, description="Hidden channels of the two MLPs.")
    projection: int = Field(256, ge=2, le=2**16, description="Channels that are compared.")
    momentum: float = Field(
        0.996, ge=0.0, le=1.0, description="Of the target at first; rises to 1 by half a cosine."
    )


class OnlineTargetMethod(Method):
    """Base of methods with an online encoder, projector and predictor, and a target of the first two.

    Args:
        options: of the method.
        encoder: of the online network.
    """

    def __init__(self, options: OnlineTargetOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.projector = mlp(encoder.channels, options.hidden, options.projection)
        self.predictor = mlp(options.projection, options.hidden, options.projection)
        convert(self)
        self.target = Momentum(encoder)
        self.target_projector = Momentum(self.projector)

    def after_step(self) -> None:
        """Let the target follow."""
        momentum = cosine(self.options.momentum, 1.0, self.progress)
        self.target.follow(self.encoder, momentum)
        self.target_projector.follow(self.projector, momentum)
