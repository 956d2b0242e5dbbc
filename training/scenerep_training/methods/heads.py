"""Method `heads`: mask-guided fine-tuning of attention heads."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch.nn.functional import avg_pool2d, pad

from scenerep_ros.backbones.networks.attention import AttentionRecorder
from scenerep_ros.errors import ConfigError
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.base import Views, ViewTransform
from scenerep_training.data.views.masked_view import MaskedViewTransform
from scenerep_training.losses.attention_guidance import attention_guidance_loss
from scenerep_training.methods.base import Method, StepOutput
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import Encoder, EncoderOutput


class HeadsOptions(TrainingOptions):
    """Options of `heads`."""

    backbone: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of a timm ViT with a CLS token."
    )
    learning_rate: float = Field(
        1e-4,
        gt=0.0,
        le=100.0,
        description="Peak learning rate at 256 pairs per step; it is scaled with batch_size.",
    )
    weight_decay: float = Field(
        0.0, ge=0.0, le=1.0, description="Weight decay; biases and norms have none."
    )
    foreground_heads: int = Field(
        1, ge=0, le=64, description="Number of heads, from the first, trained on the foreground."
    )
    background_heads: int = Field(
        1, ge=0, le=64, description="Number of heads, after those, trained on the background."
    )


@METHODS.register("heads")
class Heads(Method):
    """Mask-guided fine-tuning of the last layer's attention heads.

    The CLS token's attention in the first heads of the last layer is trained towards the foreground
    of masks, in the next heads towards their background; the other heads are unconstrained. Weights
    that do not influence this attention, such as the last layer's values and MLP, are frozen.

    Args:
        options: options of the method.
        encoder: ViT with a CLS token.

    Raises:
        ConfigError: if the encoder has no CLS token, or the number of heads is out of range.
    """

    summary = "mask-guided fine-tuning of attention heads"
    Options: ClassVar[type[TrainingOptions]] = HeadsOptions

    def __init__(self, options: HeadsOptions, encoder: Encoder) -> None:
        super().__init__(options, encoder)
        _check_has_cls_token(encoder)
        side = 2 * encoder.stride
        _, logits = self._encode_with_attention(torch.zeros(1, 3, side, side))
        self._check_head_count(logits.shape[1])
        _freeze_unused(encoder, logits)

    def build_transform(self) -> ViewTransform:
        """Return the transform to one view and its mask."""
        return MaskedViewTransform(self.options)

    def compute_loss(self, views: Views) -> StepOutput:
        """Compare the attention on `image` (B, 3, S, S) with `mask` (B, S, S) bool."""
        output, logits = self._encode_with_attention(views["image"])
        # Average the mask over each patch: the patch's share of foreground.
        foreground = avg_pool2d(views["mask"].float(), self.encoder.stride).flatten(1)
        first_background = self.options.foreground_heads
        first_free = first_background + self.options.background_heads
        losses = {
            "foreground": attention_guidance_loss(
                logits[:, :first_background], self._pad_prefix_tokens(foreground)
            ),
            "background": attention_guidance_loss(
                logits[:, first_background:first_free], self._pad_prefix_tokens(1 - foreground)
            ),
        }
        total = torch.stack(list(losses.values())).sum()
        return StepOutput(total, output.pooled.float(), metrics=losses)

    def _encode_with_attention(self, images: torch.Tensor) -> tuple[EncoderOutput, torch.Tensor]:
        """Return features, and the CLS token's attention logits (B, n, N), float32."""
        with AttentionRecorder() as attention:
            output = self.encoder(images)
        with torch.autocast(images.device.type, enabled=False):
            return output, attention.cls_logits()

    def _pad_prefix_tokens(self, patches: torch.Tensor) -> torch.Tensor:
        """Prepend zeros for the CLS and register tokens to the values of patches (B, h w)."""
        return pad(patches, (self.encoder.network.num_prefix_tokens, 0))

    def _check_head_count(self, available: int) -> None:
        requested = self.options.foreground_heads + self.options.background_heads
        if not 0 < requested <= available:
            raise ConfigError(
                f"foreground_heads + background_heads = {requested}: must be 1 to {available}, the "
                f"number of heads of {self.encoder.name}'s last layer"
            )


def _check_has_cls_token(encoder: Encoder) -> None:
    if getattr(encoder.network, "cls_token", None) is None:
        raise ConfigError(
            f"backbone {encoder.name}: has no CLS token whose attention could be trained; choose a "
            "ViT such as vit_small_patch16_224.dino"
        )


def _freeze_unused(encoder: Encoder, logits: torch.Tensor) -> None:
    """Freeze the weights that the logits do not depend on: DDP would wait for their gradients."""
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(logits.sum(), weights, allow_unused=True)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.requires_grad_(gradient is not None)
