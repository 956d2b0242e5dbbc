"""Plain vision transformers of timm: patch tokens, CLS token and its attention."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import nn

from scenerep_ros.backbones.attention import LastAttention
from scenerep_ros.backbones.preprocessing import Normalisation, Preprocessor, grid_size
from scenerep_ros.frames import Features


class ViTBackbone:
    """A timm VisionTransformer or Eva behind the interface `Backbone`.

    Args:
        name: of the architecture.
        network: made with dynamic_img_size, weights loaded, float32.
        normalisation: of its input.
        device, dtype: where and how it runs.
    """

    def __init__(
        self,
        name: str,
        network: Any,
        normalisation: Normalisation,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.name = name
        self.device = device
        self.stride = int(network.patch_embed.feat_ratio())
        self.parameters = sum(weight.numel() for weight in network.parameters())
        self._position = PositionEmbedding(network, antialias=trained_with_antialias(name))
        self._network = _cast(network.eval(), device, dtype)
        self._has_cls = network.cls_token is not None
        self._prefix = int(network.num_prefix_tokens)
        self._preprocess = Preprocessor(normalisation, device, dtype)

    @torch.inference_mode()
    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image; see `Backbone`."""
        height, width = grid_size(color.shape[:2], resolution, self.stride)
        image = self._preprocess(color, (height * self.stride, width * self.stride))
        self._position.fit((height, width))
        with LastAttention() as last:
            tokens = self._network.forward_features(image)[0].float()
        grid = tokens[self._prefix :].reshape(height, width, -1)
        if not self._has_cls:
            return Features(grid, grid.mean(dim=(0, 1)))
        attention = last.cls_row()[:, self._prefix :].reshape(-1, height, width)
        return Features(grid, tokens[0], attention)


class PositionEmbedding:
    """Resizes a ViT's learned position embedding, once a grid size and not once a frame.

    timm's own resizing on the fly sees an embedding that fits already, and leaves it alone.

    Args:
        network: whose pos_embed is taken as trained and replaced at each change of size.
        antialias: whether the bicubic resizing is antialiased.
    """

    def __init__(self, network: Any, antialias: bool) -> None:
        self._network = network
        self._antialias = antialias
        learned = network.pos_embed  # None where positions are rotary only
        # A copy: casting the network rounds the original in place.
        self._trained = None if learned is None else learned.detach().clone()
        self._trained_size = tuple(network.patch_embed.grid_size)
        self._size = self._trained_size

    def fit(self, size: tuple[int, int]) -> None:
        """Make the network's embedding one for a grid of size (h, w)."""
        if self._trained is None or size == self._size:
            return
        no_prefix = getattr(self._network, "no_embed_class", False)
        resized = resample_abs_pos_embed(
            self._trained,
            list(size),
            list(self._trained_size),
            num_prefix_tokens=0 if no_prefix else self._network.num_prefix_tokens,
            antialias=self._antialias,
        )
        used = self._network.pos_embed
        self._network.pos_embed = nn.Parameter(resized.to(used), requires_grad=False)
        self._network.patch_embed.grid_size = size
        self._size = size


def trained_with_antialias(name: str) -> bool:
    """Whether a network's own training resized its position embedding with antialiasing."""
    # DINO and DINOv2 resized the embedding without antialiasing, DINOv2 with registers and timm's
    # own models with it.
    return "dino" not in name or "_reg" in name


def _cast(network: Any, device: torch.device, dtype: torch.dtype) -> Any:
    # Angles of rotary embeddings need float32; queries and keys are cast back by timm.
    rope = copy.deepcopy(getattr(network, "rope", None))
    network = network.to(device, dtype)
    if rope is not None:
        network.rope = rope.to(device)
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = True  # LastAttention reads it
    return network
