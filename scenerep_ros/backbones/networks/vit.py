"""Plain vision transformers of timm: patch tokens, CLS token and CLS attention."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from scenerep_ros.backbones.hardware import DeviceName
from scenerep_ros.backbones.networks.attention import AttentionRecorder
from scenerep_ros.backbones.networks.torch_execution import host_array, network_input, torch_runtime
from scenerep_ros.backbones.preprocessing import Normalization, Preprocessor, grid_size
from scenerep_ros.frames import Features


class ViTBackbone:
    """A timm VisionTransformer or Eva as a `Backbone`.

    Args:
        name: name of the architecture.
        network: network built with dynamic_img_size, with loaded weights, float32.
        normalization: normalization of the network input.
        device: device of the network.
        dtype: dtype of weights and activations.
    """

    def __init__(
        self,
        name: str,
        network: Any,
        normalization: Normalization,
        device: DeviceName,
        dtype: torch.dtype,
    ) -> None:
        self.name = name
        self.runtime = torch_runtime(dtype)
        self.device = device
        self.stride = int(network.patch_embed.feat_ratio())
        self.parameters = sum(weight.numel() for weight in network.parameters())
        self._position = PositionEmbedding(network, antialias=is_trained_with_antialiasing(name))
        self._network = _cast(network.eval(), device, dtype)
        self.has_attention = network.cls_token is not None
        self._prefix_count = int(network.num_prefix_tokens)
        self._dtype = dtype
        self._preprocess = Preprocessor(normalization)

    @torch.inference_mode()
    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image; see `Backbone`."""
        height, width = grid_size(color.shape[:2], resolution, self.stride)
        pixels = self._preprocess(color, (height * self.stride, width * self.stride))
        image = network_input(pixels, self.device, self._dtype)
        self._position.resize((height, width))
        with AttentionRecorder() as recorder:
            tokens = host_array(self._network.forward_features(image)[0])
        grid = tokens[self._prefix_count :].reshape(height, width, -1)
        if not self.has_attention:
            return Features(grid, grid.mean(axis=(0, 1)))
        attention = host_array(recorder.cls_attention()[:, self._prefix_count :])
        return Features(grid, tokens[0], attention.reshape(-1, height, width))


class PositionEmbedding:
    """Resizes the learned position embedding of a ViT once per grid size, not once per frame.

    timm's own resizing in the forward pass has no effect on an embedding of the right size.

    Args:
        network: network whose pos_embed is replaced at each change of the grid size.
        antialias: whether the bicubic resizing is antialiased.
    """

    def __init__(self, network: Any, antialias: bool) -> None:
        self._network = network
        self._antialias = antialias
        learned = network.pos_embed  # None for networks with rotary embeddings only
        # A copy, because casting the network rounds the original in place.
        self._trained = None if learned is None else learned.detach().clone()
        self._trained_size = tuple(network.patch_embed.grid_size)
        self._size = self._trained_size

    def resize(self, size: tuple[int, int]) -> None:
        """Resize the network's embedding to a grid of size (h, w)."""
        if self._trained is None or size == self._size:
            return
        from timm.layers.pos_embed import resample_abs_pos_embed

        has_no_prefix = getattr(self._network, "no_embed_class", False)
        resized = resample_abs_pos_embed(
            self._trained,
            list(size),
            list(self._trained_size),
            num_prefix_tokens=0 if has_no_prefix else self._network.num_prefix_tokens,
            antialias=self._antialias,
        )
        current = self._network.pos_embed
        self._network.pos_embed = nn.Parameter(resized.to(current), requires_grad=False)
        self._network.patch_embed.grid_size = size
        self._size = size


def is_trained_with_antialiasing(name: str) -> bool:
    """Return whether the training of a network resized its position embedding with antialiasing.

    DINO and DINOv2 resized it without antialiasing, DINOv2 with registers and timm's own models
    with antialiasing.
    """
    return "dino" not in name or "_reg" in name


def _cast(network: Any, device: DeviceName, dtype: torch.dtype) -> Any:
    # Angles of rotary embeddings need float32; timm casts queries and keys back.
    rope = copy.deepcopy(getattr(network, "rope", None))
    network = network.to(device, dtype)
    if rope is not None:
        network.rope = rope.to(device)
    use_fused_attention(network)
    return network


def use_fused_attention(network: Any) -> None:
    """Select fused attention in all blocks, because AttentionRecorder records no other."""
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = True
