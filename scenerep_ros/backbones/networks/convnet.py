"""Backbones with stages (ResNet, ConvNeXt, MobileNet, Swin ...): the feature map of one stage."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones.hardware import DeviceName
from scenerep_ros.backbones.networks.torch_execution import host_array, network_input, torch_runtime
from scenerep_ros.backbones.preprocessing import Normalization, Preprocessor, grid_size
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features


class StageBackbone:
    """One stage of a timm network as a `Backbone`.

    Args:
        name: name of the architecture.
        network: network with loaded weights, float32.
        stage: index into timm's feature_info; a negative index counts from the end.
        normalization: normalization of the network input.
        device: device of the network.
        dtype: dtype of weights and activations.

    Raises:
        ConfigError: if the network has no such stage.
    """

    has_attention = False

    def __init__(
        self,
        name: str,
        network: Any,
        stage: int,
        normalization: Normalization,
        device: DeviceName,
        dtype: torch.dtype,
    ) -> None:
        self._stage = resolve_stage(name, network, stage)
        self.name = name
        self.runtime = torch_runtime(dtype)
        self.device = device
        self.stride = int(network.feature_info[self._stage]["reduction"])
        network.prune_intermediate_layers([self._stage], prune_norm=True, prune_head=True)
        self.parameters = sum(weight.numel() for weight in network.parameters())
        self._network = network.eval().to(device, dtype, memory_format=torch.channels_last)
        self._dtype = dtype
        self._preprocess = Preprocessor(normalization)

    @torch.inference_mode()
    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image; see `Backbone`."""
        image = self._network_input(color, resolution)
        (maps,) = self._network.forward_intermediates(
            image, indices=[self._stage], output_fmt="NCHW", intermediates_only=True
        )
        grid = host_array(maps[0].permute(1, 2, 0))
        return Features(grid, grid.mean(axis=(0, 1)))

    def _network_input(self, color: NDArray[np.uint8], resolution: int) -> torch.Tensor:
        height, width = grid_size(color.shape[:2], resolution, self.stride)
        image = self._preprocess(color, (height * self.stride, width * self.stride))
        return network_input(image, self.device, self._dtype)


def resolve_stage(name: str, network: Any, stage: int) -> int:
    """Return the index of a stage from 0.

    Args:
        name: name of the architecture, for the error message.
        network: timm network with feature_info.
        stage: index into feature_info; a negative index counts from the end.

    Raises:
        ConfigError: if the network has no such stage.
    """
    count = len(network.feature_info)
    if not -count <= stage < count:
        raise ConfigError(f"stage = {stage}: {name} has the stages 0 to {count - 1}, or -1")
    return stage % count
