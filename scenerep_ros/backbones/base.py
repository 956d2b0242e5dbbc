"""Interface of all backbones, independent of architecture, runtime and device."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.hardware import DeviceName
from scenerep_ros.frames import Features


class Backbone(Protocol):
    """Network that computes dense features of one image.

    Attributes:
        name: name of the architecture.
        runtime: runtime and precision of the forward pass, such as "openvino bf16".
        device: device of the forward pass, cpu or cuda.
        stride: side of a patch of the feature grid in the network input [px].
        parameters: number of weights in the part of the network that runs.
    """

    name: str
    runtime: str
    device: DeviceName
    stride: int
    parameters: int

    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image.

        Args:
            color: (H, W, 3) uint8, RGB, of any size and aspect ratio.
            resolution: shorter side of the network input [px], rounded to whole patches.
        """
