"""Windows and sizes of planes of numbers: OpenCV's where they are in host memory, else torch's.

Both give the same. On one core OpenCV's take a fifth of the time of torch's, and on other devices
there is no OpenCV. This is the only place that tells devices apart.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import torch
from torch.nn.functional import interpolate


def window_means(planes: torch.Tensor, radius: int) -> torch.Tensor:
    """Means (N, h, w) of float32 planes over square windows; beyond the border they are mirrored.

    Args:
        planes: (N, h, w) float32, on any device.
        radius: windows are (2 radius + 1) wide.
    """
    if planes.device.type == "cpu":
        size = (2 * radius + 1, 2 * radius + 1)
        means = torch.empty(planes.shape)
        for plane, mean in zip(planes.numpy(), means.numpy(), strict=True):
            cv2.blur(plane, size, dst=mean, borderType=cv2.BORDER_REFLECT)
        return means
    down, across = (_window_weights(n, radius, planes.device) for n in planes.shape[1:])
    return down @ planes @ across.T


def enlarged(planes: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Enlarge float32 planes (N, h, w) to (N, H, W), bilinear between the cells' centres."""
    if planes.device.type == "cpu":
        return _resized(planes, shape, cv2.INTER_LINEAR)
    return interpolate(planes[None], shape, mode="bilinear", align_corners=False)[0]


def shrunk(planes: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Shrink float32 planes (N, H, W) to (N, h, w), each a whole part of its side, by means."""
    if planes.device.type == "cpu":
        return _resized(planes, shape, cv2.INTER_AREA)
    return interpolate(planes[None], shape, mode="area")[0]


def _resized(planes: torch.Tensor, shape: tuple[int, ...], interpolation: int) -> torch.Tensor:
    result = torch.empty((len(planes), *shape))
    for plane, place in zip(planes.numpy(), result.numpy(), strict=True):
        cv2.resize(plane, shape[::-1], dst=place, interpolation=interpolation)
    return result


@lru_cache(maxsize=16)
def _window_weights(length: int, radius: int, device: torch.device) -> torch.Tensor:
    """Weights (length, length) that give each pixel of a line the mean of its window."""
    window = torch.arange(length)[:, None] + torch.arange(-radius, radius + 1)
    mirrored = window.remainder(2 * length)
    mirrored = torch.minimum(mirrored, 2 * length - 1 - mirrored)
    share = torch.full(window.shape, 1 / (2 * radius + 1))
    return torch.zeros(length, length).scatter_add_(1, mirrored, share).to(device)
