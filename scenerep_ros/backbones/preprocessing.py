"""From an image of any size to the network's input, on the network's device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError

MAX_ASPECT = 8.0
"""Longest input: the other side of a thinner image would ask for more memory than there is."""


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation a channel, RGB, of images scaled to 0..1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def grid_size(shape: tuple[int, int], resolution: int, stride: int) -> tuple[int, int]:
    """Cells (h, w) of an image whose shorter side becomes `resolution` pixels.

    Both sides are rounded to whole cells of `stride` pixels, at least one.

    >>> grid_size((480, 640), 308, 14)
    (22, 29)

    Raises:
        FrameError: if the image is more than MAX_ASPECT times as long as wide.
    """
    height, width = shape
    if max(shape) > MAX_ASPECT * min(shape):
        raise FrameError(
            f"image is {width}x{height} pixels: too thin to segment; "
            f"crop it to an aspect of at most {MAX_ASPECT:g}"
        )
    scale = resolution / (min(shape) * stride)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


class Preprocessor:
    """Resizes (bilinear, antialiased) and normalises one image.

    Args:
        normalisation: what the network was trained with.
        device, dtype: of the network.
    """

    def __init__(
        self, normalisation: Normalisation, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._device = device
        self._dtype = dtype
        self._mean = _channels(normalisation.mean, device) * 255
        self._scale = 1 / (_channels(normalisation.std, device) * 255)

    def __call__(self, color: NDArray[np.uint8], size: tuple[int, int]) -> torch.Tensor:
        """Turn (H, W, 3) uint8 into (1, 3, *size) of the network's dtype, channels last."""
        # Bytes go to the device: a quarter of what floats would be.
        image = torch.tensor(np.ascontiguousarray(color), device=self._device)
        pixels = image.permute(2, 0, 1)[None].float()
        resized = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        return ((resized - self._mean) * self._scale).to(
            self._dtype, memory_format=torch.channels_last
        )


def _channels(values: tuple[float, float, float], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, device=device).view(1, 3, 1, 1)
