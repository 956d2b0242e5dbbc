"""Base of BYOL and ODIN: an online network that predicts the output of a momentum target."""

from __future__ import annotations

from pydantic import Field

from scenerep_training.config.options import TrainingOptions
from scenerep_training.engine.schedules import cosine_schedule
from scenerep_training.methods.base import Method
from scenerep_training.networks.encoder import Encoder
from scenerep_training.networks.momentum import MomentumNetwork
from scenerep_training.networks.projection import projection_mlp
from scenerep_training.networks.sync_batch_norm import convert_sync_batch_norm


class OnlineTargetOptions(TrainingOptions):
    """Options of the online and the target network; the defaults are those of BYOL and ODIN."""

    hidden: int = Field(
        4096, ge=1, le=2**16, description="Hidden channels of the projector and the predictor."
    )
    projection: int = Field(
        256, ge=2, le=2**16, description="Output channels of the projector and the predictor."
    )
    momentum: float = Field(
        0.996,
        ge=0.0,
        le=1.0,
        description="Initial momentum of the target; it rises to 1 by half a cosine.",
    )


class OnlineTargetMethod(Method):
    """Base of methods whose online network predicts the projection of a momentum target.

    The online network has an encoder, a projector and a predictor, the target network an encoder and
    a projector.

    Args:
        options: options of the method.
        encoder: encoder of the online network.
    """

    def __init__(self, options: OnlineTargetOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        self.projector = projection_mlp(encoder.channels, options.hidden, options.projection)
        self.predictor = projection_mlp(options.projection, options.hidden, options.projection)
        convert_sync_batch_norm(self)
        self.target = MomentumNetwork(encoder)
        self.target_projector = MomentumNetwork(self.projector)

    def after_optimizer_step(self) -> None:
        """Update the target network."""
        momentum = cosine_schedule(self.options.momentum, 1.0, self.progress)
        self.target.update(self.encoder, momentum)
        self.target_projector.update(self.projector, momentum)
