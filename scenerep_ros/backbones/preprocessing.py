"""Conversion of an image of any size to the network input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import FrameError
from scenerep_ros.ops.resampling import bilinear, resample


@dataclass(frozen=True)
class PreprocessingConstants:
    """Tuned constants of the network input."""

    max_aspect_ratio: float = tuned(
        8.0,
        "maximum ratio of an image's sides; a longer network input can exceed the memory",
        set_on="not recorded",
    )


CONSTANTS = PreprocessingConstants()


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation per channel, RGB, of images scaled to 0..1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def grid_size(shape: tuple[int, int], resolution: int, stride: int) -> tuple[int, int]:
    """Return the feature grid's size (h, w) for an image whose shorter side becomes `resolution`.

    Both sides are rounded to whole patches of `stride` pixels, at least one.

    Args:
        shape: height and width of the image [px].
        resolution: shorter side of the network input [px].
        stride: side of a patch [px].

    Raises:
        FrameError: if the aspect ratio of the image is too large.

    >>> grid_size((480, 640), 308, 14)
    (22, 29)
    """
    height, width = shape
    if max(shape) > CONSTANTS.max_aspect_ratio * min(shape):
        raise FrameError(
            f"image is {width}x{height} pixels: too narrow to segment; "
            f"crop it to an aspect ratio of at most {CONSTANTS.max_aspect_ratio:g}"
        )
    scale = resolution / (min(shape) * stride)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


class Preprocessor:
    """Bilinear antialiased resizing and normalization of one image.

    Args:
        normalization: normalization of the network's training.
    """

    def __init__(self, normalization: Normalization) -> None:
        self._mean = _channels(normalization.mean) * 255
        self._scale = 1 / (_channels(normalization.std) * 255)

    def __call__(self, color: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
        """Convert (H, W, 3) uint8 to (1, 3, *size) float32."""
        planes = resample(color.astype(np.float32), size, bilinear)
        network_input = np.empty((1, *planes.shape), np.float32)
        np.subtract(planes, self._mean, out=network_input[0])
        network_input[0] *= self._scale
        return network_input


def _channels(values: tuple[float, float, float]) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None, None]
