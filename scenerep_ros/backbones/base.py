"""The one interface to every network, which hides architecture, runtime and device."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.frames import Features


class Backbone(Protocol):
    """An image goes in, dense features come out.

    Attributes:
        name: of the architecture.
        device: where features come to lie.
        stride: pixels of the network's input a grid cell, both ways.
        parameters: number of weights in the part of the network that runs.
    """

    name: str
    device: torch.device
    stride: int
    parameters: int

    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image.

        Args:
            color: (H, W, 3) uint8, RGB, of any size and aspect.
            resolution: shorter side of the network's input, pixels; rounded to whole cells.
        """
