"""Encoder: a timm network with images in and features out."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from scenerep_ros.backbones.loading import apply_model_card
from scenerep_ros.backbones.networks.student import StudentNetwork
from scenerep_ros.backbones.networks.timm_networks import load_network
from scenerep_ros.backbones.networks.vit import is_trained_with_antialiasing
from scenerep_ros.backbones.preprocessing import Normalization
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError

EMBEDDING_PARTS = {"patch_embed", "pos_embed", "cls_token", "reg_token", "norm_pre"}
"""Parameters of a ViT before its first block."""


class EncoderOutput(NamedTuple):
    """Features of B images.

    Attributes:
        pooled: (B, C) CLS token, or mean of the grid if there is none.
        grid: (B, h, w, C) feature grid, one feature per patch.
        attention_logits: (B, n, h, w) logits of the predicted CLS attention; None if the network
            predicts none.
    """

    pooled: torch.Tensor
    grid: torch.Tensor
    attention_logits: torch.Tensor | None = None


class Encoder(nn.Module):
    """timm network without classifier, with the normalization of its input.

    Args:
        name: name of the timm model.
        network: timm model.
        normalization: mean and standard deviation of the network's input.
        stage: convnets: stage whose feature map is the grid; negative numbers count from the last.
        frozen_norms: keep the statistics of batch normalization in training mode.

    Attributes:
        channels: number of feature channels, C.
        stride: side of a patch [px].
        stage: convnets: index of the stage, from 0; -1 for a ViT.

    Raises:
        ConfigError: if the network has no such stage.
    """

    _mean: torch.Tensor
    _std: torch.Tensor

    def __init__(
        self,
        name: str,
        network: Any,
        normalization: Normalization,
        stage: int = -1,
        frozen_norms: bool = False,
    ) -> None:
        super().__init__()
        self.name = name
        self.network = network
        self.normalization = normalization
        self._frozen_norms = frozen_norms
        self._is_vit = hasattr(network, "patch_embed") and hasattr(network, "num_prefix_tokens")
        self.channels, self.stride, self.stage = self._feature_shape(stage)
        self._antialias = is_trained_with_antialiasing(name)
        self._freeze_unused()
        mean = 255 * torch.tensor(normalization.mean).view(1, 3, 1, 1)
        std = 255 * torch.tensor(normalization.std).view(1, 3, 1, 1)
        self.register_buffer("_mean", mean, persistent=False)
        self.register_buffer("_std", std, persistent=False)
        self.train()  # Lightning keeps the mode in which it finds each module

    def forward(self, images: torch.Tensor) -> EncoderOutput:
        """Encode images.

        Args:
            images: (B, 3, H, W) RGB, 0 to 255, uint8 or floating. For a ViT both sides are resized
                to whole patches, as in the runtime: 96 pixels to 98 for patches of 14.
        """
        pixels = (images.float() - self._mean) / self._std
        if self._is_vit:
            return self._encode_tokens(self._resize_to_patches(pixels))
        return self._encode_maps(pixels)

    def train(self, mode: bool = True) -> Encoder:
        """Set training or evaluation mode; frozen norms stay in evaluation mode."""
        super().train(mode)
        for module in self.modules():
            if self._frozen_norms and isinstance(module, _BatchNorm):
                module.eval()
        return self

    def _feature_shape(self, stage: int) -> tuple[int, int, int]:
        """Return channels, stride and index of the feature stage."""
        if self._is_vit:
            if stage != -1:
                raise ConfigError(f"stage = {stage}: {self.name} is a ViT, which has no stages")
            stride = int(self.network.patch_embed.feat_ratio())
            return int(self.network.num_features), stride, -1
        stages = self.network.feature_info
        if not -len(stages) <= stage < len(stages):
            raise ConfigError(f"stage = {stage}: {self.name} has the stages 0 to {len(stages) - 1}")
        info = stages[stage]
        return int(info["num_chs"]), int(info["reduction"]), stage % len(stages)

    def _freeze_unused(self) -> None:
        """Freeze the layers after the stage, which get no gradient: DDP would wait for them."""
        if self._is_vit:
            return
        pruned = copy.deepcopy(self.network)
        pruned.prune_intermediate_layers([self.stage], prune_norm=True, prune_head=True)
        used_names = {name for name, _ in pruned.named_parameters()}
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(name in used_names)

    def freeze_blocks(self, count: int) -> None:
        """Freeze the patch embedding and the first transformer blocks of a ViT.

        Raises:
            ConfigError: if the network has no or fewer such blocks.
        """
        blocks = self.network.blocks if self._is_vit else []
        if count > len(blocks):
            raise ConfigError(
                f"frozen_blocks = {count}: {self.name} has {len(blocks)} transformer blocks"
            )
        for name, weight in self.network.named_parameters():
            part, _, rest = name.partition(".")
            is_first = part == "blocks" and int(rest.partition(".")[0]) < count
            if is_first or part in EMBEDDING_PARTS:
                weight.requires_grad_(False)

    def _resize_to_patches(self, pixels: torch.Tensor) -> torch.Tensor:
        """Resize images (B, 3, H, W) to a whole number of patches."""
        size = tuple(
            max(1, int(side / self.stride + 0.5)) * self.stride for side in pixels.shape[2:]
        )
        if size == tuple(pixels.shape[2:]):
            return pixels
        return F.interpolate(pixels, size, mode="bilinear", antialias=True)

    def _encode_tokens(self, pixels: torch.Tensor) -> EncoderOutput:
        height, width = pixels.shape[2] // self.stride, pixels.shape[3] // self.stride
        tokens = self._forward_tokens(pixels, (height, width))
        grid = tokens[:, self.network.num_prefix_tokens :].unflatten(1, (height, width))
        has_cls_token = self.network.cls_token is not None
        return EncoderOutput(tokens[:, 0] if has_cls_token else grid.mean((1, 2)), grid)

    def _forward_tokens(self, pixels: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """Compute all tokens (B, P + h w, C), with the position embedding that the runtime uses.

        timm resizes it with antialiasing, the runtime as the network was trained.
        """
        embedding, patches = getattr(self.network, "pos_embed", None), self.network.patch_embed
        learned_size = tuple(patches.grid_size)
        if embedding is None or self._antialias or size == learned_size:
            tokens: torch.Tensor = self.network.forward_features(pixels)
            return tokens
        resized = resample_abs_pos_embed(
            embedding,
            list(size),
            list(learned_size),
            num_prefix_tokens=embedding.shape[1] - learned_size[0] * learned_size[1],
            antialias=False,
        )
        patches.grid_size = size  # timm does not resize an embedding of the right size
        try:
            replaced = {"network.pos_embed": resized}
            tokens = functional_call(_Tokens(self.network), replaced, (pixels,))
        finally:
            patches.grid_size = learned_size
        return tokens

    def _encode_maps(self, pixels: torch.Tensor) -> EncoderOutput:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        if isinstance(self.network, StudentNetwork):
            maps, logits = self.network.forward_maps(pixels)
            grid = maps.permute(0, 2, 3, 1)
            return EncoderOutput(grid.mean((1, 2)), grid, logits)
        (maps,) = self.network.forward_intermediates(
            pixels, indices=[self.stage], output_fmt="NCHW", intermediates_only=True
        )
        grid = maps.permute(0, 2, 3, 1)
        return EncoderOutput(grid.mean((1, 2)), grid)


class _Tokens(nn.Module):
    """Function of a network that `functional_call` can call."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Compute all tokens."""
        tokens: torch.Tensor = self.network.forward_features(pixels)  # type: ignore[operator]
        return tokens


def build_encoder(backbone: str, init: str, stage: int = -1, frozen_norms: bool = False) -> Encoder:
    """Build an encoder in float32 on the CPU.

    Args:
        backbone: name of the timm model.
        init: random, or a value of the runtime's option `weights`.
        stage: see `Encoder`; -1 selects the stage of a checkpoint named by `init`, else the last.
        frozen_norms: see `Encoder`.

    Raises:
        ConfigError: if the backbone is unknown or has no such stage.
        WeightsError: if the weights are missing, damaged or do not fit.
    """
    values = {"backbone": backbone, "weights": init, "stage": stage}
    options = apply_model_card(validated(BackboneOptions, values))
    network, normalization = load_network(backbone, init)
    return Encoder(backbone, network, normalization, options.stage, frozen_norms)
