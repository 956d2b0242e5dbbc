"""The distilled student: a small convnet with context blocks, in the feature space of its teacher.

MobileNetV4-conv-small (Qin et al., ECCV 2024) computes maps of stride 16 and 32. Transformer blocks
on the map of stride 32 see the whole image, as the teacher does, at a quarter of its tokens. The
result is fused with the map of stride 16, from which two linear layers compute the teacher's patch
features and the logits of its CLS attention. `scenerep-train distill` trains it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from scenerep_ros.backbones.networks.convnet import StageBackbone
from scenerep_ros.backbones.networks.torch_execution import host_array
from scenerep_ros.backbones.preprocessing import IMAGENET
from scenerep_ros.frames import Features

PYRAMID = "mobilenetv4_conv_small"
"""timm model whose stages are the student's first layers."""
CHANNELS, NUM_HEADS = 384, 6
"""Feature channels and attention heads of the teacher, DINOv2 ViT-S/14."""
WIDTH, CONTEXT_DEPTH, FUSION_DEPTH = 256, 3, 2
CONTEXT_HEADS = 4
STRIDE = 16
"""Side of a patch of the student's grid [px]."""


class StudentNetwork(nn.Module):
    """Network of the student, with the interface of timm's convnets.

    Args:
        context_depth: number of transformer blocks at stride 32.

    Attributes:
        attention_mass: (6,) mean sum of the teacher's attention over the patches, per head.
    """

    attention_mass: torch.Tensor

    def __init__(self, context_depth: int = CONTEXT_DEPTH) -> None:
        import timm  # slow, and the registry imports this module for every backbone

        super().__init__()
        self.pretrained_cfg = {"mean": IMAGENET.mean, "std": IMAGENET.std}
        self.feature_info = [{"num_chs": CHANNELS, "reduction": STRIDE, "module": "fusion"}]
        network: Any = timm.create_model(PYRAMID, pretrained=False, num_classes=0)
        self.pyramid = nn.ModuleList([nn.Sequential(network.conv_stem, network.bn1)])
        self.pyramid.extend(
            network.blocks[:-1]
        )  # the last one only widens the map for a classifier
        fine, coarse = network.feature_info[-2]["num_chs"], _output_channels(self.pyramid[-1])
        self.lateral = nn.Conv2d(fine, WIDTH, 1)
        self.projection = nn.Conv2d(coarse, WIDTH, 1)
        self.context = nn.ModuleList([ContextBlock(WIDTH) for _ in range(context_depth)])
        self.fusion = nn.Sequential(*[FusionBlock(WIDTH) for _ in range(FUSION_DEPTH)])
        self.norm = nn.BatchNorm2d(WIDTH)
        self.features = nn.Conv2d(WIDTH, CHANNELS, 1)
        self.attention = nn.Conv2d(WIDTH, NUM_HEADS, 1)
        self.register_buffer("attention_mass", torch.ones(NUM_HEADS))

    def forward_maps(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute features and attention logits.

        Args:
            image: (B, 3, H, W) normalized image; both sides multiples of 16.

        Returns:
            Features (B, 384, H / 16, W / 16) and attention logits (B, 6, H / 16, W / 16).
        """
        maps = [image]
        for stage in self.pyramid:
            maps.append(stage(maps[-1]))
        fine, coarse = maps[-2:]
        context = self.projection(coarse)
        for block in self.context:
            context = block(context)
        # An odd side of the fine map is rounded up in the coarse one.
        upsampled = F.interpolate(context, scale_factor=2.0, mode="bilinear")
        upsampled = upsampled[:, :, : fine.shape[2], : fine.shape[3]]
        fused = self.norm(self.fusion(self.lateral(fine) + upsampled))
        return self.features(fused), self.attention(fused)

    def attention_of(self, logits: torch.Tensor) -> torch.Tensor:
        """Convert attention logits (B, n, h, w) to attention, whose sum per head is its mean mass."""
        probabilities = logits.float().flatten(2).softmax(-1).view_as(logits)
        return probabilities * self.attention_mass.view(-1, 1, 1)

    def forward_intermediates(self, image: torch.Tensor, **_: Any) -> list[torch.Tensor]:
        """Return the feature map in a list, as timm's convnets do for one stage."""
        return [self.forward_maps(image)[0]]

    def prune_intermediate_layers(self, *_: Any, **__: Any) -> None:
        """Remove nothing: the network has one feature map and no classifier."""


class ContextBlock(nn.Module):
    """Transformer block on a map, with a depthwise convolution as its position embedding.

    The convolution replaces position embeddings, so that any image size is possible (CPVT, Chu et
    al., ICLR 2023).
    """

    def __init__(self, width: int) -> None:
        from timm.models.vision_transformer import Block  # slow, see StudentNetwork

        super().__init__()
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.block = Block(width, CONTEXT_HEADS, qkv_bias=True)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to the same shape."""
        maps = maps + self.position(maps)
        tokens = self.block(maps.flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).reshape(maps.shape)


class FusionBlock(nn.Module):
    """Inverted residual block with a 5 x 5 depthwise convolution (ConvNeXt's order of layers)."""

    def __init__(self, width: int, expansion: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, expansion * width, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(expansion * width, width, 1),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to the same shape."""
        return maps + self.layers(maps)


class StudentBackbone(StageBackbone):
    """A `StudentNetwork` as a `Backbone`: patch features and CLS attention, without a CLS token."""

    has_attention = True

    @torch.inference_mode()
    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image; see `Backbone`."""
        maps, logits = self._network.forward_maps(self._network_input(color, resolution))
        grid = host_array(maps[0].permute(1, 2, 0))
        attention = host_array(self._network.attention_of(logits)[0])
        return Features(grid, grid.mean(axis=(0, 1)), attention)


def _output_channels(stage: Any) -> int:
    """Return the number of output channels of a stage of the pyramid."""
    convolutions = [layer for layer in stage.modules() if isinstance(layer, nn.Conv2d)]
    return convolutions[-1].out_channels
