"""`heads`: attention heads of a ViT learn to look at the foreground and at the background."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch.nn.functional import avg_pool2d, pad

from scenerep_ros.backbones.attention import LastAttention
from scenerep_ros.errors import ConfigError
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.masked_view import MaskedView
from scenerep_training.data.views.pair import MakeViews, Views
from scenerep_training.losses.heads import look_at_loss
from scenerep_training.methods.base import Method, Step
from scenerep_training.networks.encoder import Encoded, Encoder


class HeadsOptions(TrainingOptions):
    """Options of `heads`."""

    backbone: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of a timm ViT with a CLS token."
    )
    learning_rate: float = Field(
        1e-4, gt=0.0, le=100.0, description="Peak, at 256 pairs a step; scaled with batch_size."
    )
    weight_decay: float = Field(0.0, ge=0.0, le=1.0, description="Not of biases and norms.")
    foreground_heads: int = Field(
        1, ge=0, le=64, description="Heads that look at the foreground; the first ones."
    )
    background_heads: int = Field(
        1, ge=0, le=64, description="Heads that look at the background; those after them."
    )


class Heads(Method):
    """Mask-guided fine-tuning of the last layer's attention.

    The CLS token's attention in the first heads of the last layer is pulled to the foreground of
    masks, in the next ones to their background; other heads are left free. Weights that attention
    does not depend on, such as the last layer's values and MLP, stay as they are.

    Args:
        options: of the method.
        encoder: a ViT with a CLS token.

    Raises:
        ConfigError: if the encoder is no such ViT, has fewer heads, or no head shall learn.
    """

    name = "heads"
    Options: ClassVar[type[TrainingOptions]] = HeadsOptions

    def __init__(self, options: HeadsOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        _check_is_vit(encoder)
        side = 2 * encoder.stride
        _, scores = self._attend(torch.zeros(1, 3, side, side))
        self._check_heads(scores.shape[1])
        _freeze_unused(encoder, scores)

    def make_views(self) -> MakeViews:
        """A view with its mask."""
        return MaskedView(self.options)

    def loss(self, views: Views) -> Step:
        """Compare attention on `image` (B, 3, S, S) with `mask` (B, S, S) bool."""
        encoded, scores = self._attend(views["image"])
        share = avg_pool2d(views["mask"].float(), self.encoder.stride).flatten(1)
        last = self.options.foreground_heads
        end = last + self.options.background_heads
        parts = {
            "foreground": look_at_loss(scores[:, :last], self._tokens(share)),
            "background": look_at_loss(scores[:, last:end], self._tokens(1 - share)),
        }
        return Step(torch.stack(list(parts.values())).sum(), encoded.pooled.float(), parts=parts)

    def _attend(self, images: torch.Tensor) -> tuple[Encoded, torch.Tensor]:
        """Encode images; and the last layer's scores (B, n, N) of the CLS token, float32."""
        with LastAttention() as attention:
            encoded = self.encoder(images)
        with torch.autocast(images.device.type, enabled=False):
            return encoded, attention.cls_scores()

    def _tokens(self, patches: torch.Tensor) -> torch.Tensor:
        """Put zeros of CLS and register tokens in front of patches (B, h w)."""
        return pad(patches, (self.encoder.network.num_prefix_tokens, 0))

    def _check_heads(self, count: int) -> None:
        told = self.options.foreground_heads + self.options.background_heads
        if not 0 < told <= count:
            raise ConfigError(
                f"foreground_heads + background_heads = {told}: must be 1 to {count}, the heads of "
                f"{self.encoder.name}'s last layer"
            )


def _check_is_vit(encoder: Encoder) -> None:
    if getattr(encoder.network, "cls_token", None) is None:
        raise ConfigError(
            f"backbone {encoder.name}: has no CLS token whose attention could be taught; choose a "
            "ViT such as vit_small_patch16_224.dino"
        )


def _freeze_unused(encoder: Encoder, scores: torch.Tensor) -> None:
    """Freeze what the scores do not depend on: no loss reaches it, and DDP would wait for it."""
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(scores.sum(), weights, allow_unused=True)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.requires_grad_(gradient is not None)
