"""Any timm network as training sees it: a batch of images in, features out."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from scenerep_ros.backbones.loading import load_network, with_card
from scenerep_ros.backbones.preprocessing import Normalisation
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError


class Encoded(NamedTuple):
    """Features of B images.

    Attributes:
        pooled: (B, C), the CLS token, or the mean of the grid where there is none.
        grid: (B, h, w, C), one feature a patch (ViT) or cell (convnet).
    """

    pooled: torch.Tensor
    grid: torch.Tensor


class Encoder(nn.Module):
    """A timm network without classifier, with the normalisation of its input.

    Args:
        name: of the timm model.
        network: that model.
        normalisation: of its input.
        stage: of a convnet, whose feature map is the grid; negative counts from the end.
        frozen_norms: whether batch normalisation keeps its statistics while training.

    Attributes:
        channels: C of the features.
        stride: pixels of the input a cell, both ways.
        stage: of a convnet, counted from the start; -1 of a ViT.

    Raises:
        ConfigError: if the network has no such stage.
    """

    _mean: torch.Tensor
    _std: torch.Tensor

    def __init__(
        self,
        name: str,
        network: Any,
        normalisation: Normalisation,
        stage: int = -1,
        frozen_norms: bool = False,
    ) -> None:
        super().__init__()
        self.name = name
        self.network = network
        self.normalisation = normalisation
        self._frozen_norms = frozen_norms
        self._is_vit = hasattr(network, "patch_embed") and hasattr(network, "num_prefix_tokens")
        self.channels, self.stride, self.stage = self._shape(stage)
        self._freeze_unused()
        mean = 255 * torch.tensor(normalisation.mean).view(1, 3, 1, 1)
        std = 255 * torch.tensor(normalisation.std).view(1, 3, 1, 1)
        self.register_buffer("_mean", mean, persistent=False)
        self.register_buffer("_std", std, persistent=False)

    def forward(self, images: torch.Tensor) -> Encoded:
        """Encode images.

        Args:
            images: (B, 3, H, W), RGB, 0 to 255, uint8 or floating. For a ViT both sides are resized to
                whole patches, as the runtime does: 96 pixels to 98 where patches have 14.
        """
        pixels = (images.float() - self._mean) / self._std
        return self._tokens(self._whole(pixels)) if self._is_vit else self._maps(pixels)

    def train(self, mode: bool = True) -> Encoder:
        """Train or not; frozen norms never do."""
        super().train(mode)
        for module in self.modules():
            if self._frozen_norms and isinstance(module, _BatchNorm):
                module.eval()
        return self

    def _shape(self, stage: int) -> tuple[int, int, int]:
        if self._is_vit:
            stride = int(self.network.patch_embed.feat_ratio())
            return int(self.network.num_features), stride, -1
        stages = self.network.feature_info
        if not -len(stages) <= stage < len(stages):
            raise ConfigError(f"stage = {stage}: {self.name} has the stages 0 to {len(stages) - 1}")
        chosen = stages[stage]
        return int(chosen["num_chs"]), int(chosen["reduction"]), stage % len(stages)

    def _freeze_unused(self) -> None:
        """Freeze what comes after the stage: no loss reaches it, and DDP would wait for it."""
        if self._is_vit:
            return
        used = copy.deepcopy(self.network)
        used.prune_intermediate_layers([self.stage], prune_norm=True, prune_head=True)
        names = {name for name, _ in used.named_parameters()}
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(name in names)

    def _whole(self, pixels: torch.Tensor) -> torch.Tensor:
        size = tuple(
            max(1, int(side / self.stride + 0.5)) * self.stride for side in pixels.shape[2:]
        )
        if size == tuple(pixels.shape[2:]):
            return pixels
        return F.interpolate(pixels, size, mode="bilinear", antialias=True)

    def _tokens(self, pixels: torch.Tensor) -> Encoded:
        height, width = pixels.shape[2] // self.stride, pixels.shape[3] // self.stride
        tokens = self.network.forward_features(pixels)
        grid = tokens[:, self.network.num_prefix_tokens :].unflatten(1, (height, width))
        has_cls = self.network.cls_token is not None
        return Encoded(tokens[:, 0] if has_cls else grid.mean((1, 2)), grid)

    def _maps(self, pixels: torch.Tensor) -> Encoded:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        (maps,) = self.network.forward_intermediates(
            pixels, indices=[self.stage], output_fmt="NCHW", intermediates_only=True
        )
        grid = maps.permute(0, 2, 3, 1)
        return Encoded(grid.mean((1, 2)), grid)


def make_encoder(backbone: str, init: str, stage: int = -1, frozen_norms: bool = False) -> Encoder:
    """Build a network in float32 on the CPU.

    Args:
        backbone: name of the timm model.
        init: random, or what the runtime's option `weights` takes.
        stage: see `Encoder`; -1: that of a checkpoint which `init` names, else the last.
        frozen_norms: see `Encoder`.

    Raises:
        ConfigError, WeightsError: as the runtime's `load_network`.
    """
    named = {"backbone": backbone, "weights": init, "stage": stage}
    options = with_card(validated(BackboneOptions, named))
    network, normalisation = load_network(backbone, init)
    return Encoder(backbone, network, normalisation, options.stage, frozen_norms)
