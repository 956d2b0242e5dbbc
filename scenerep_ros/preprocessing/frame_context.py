"""One frame with the quantities that several stages derive from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.ops.working_grid import working_grid_step

DEPTH_SAMPLING_STEP = 4  # constant: speed only, an estimate of a ratio
"""Rows and columns between the pixels from which the ratio of measured depth is estimated."""


@dataclass(frozen=True)
class FrameContextConstants:
    """Tuned constants of the frame context."""

    min_depth_ratio: float = tuned(
        0.05,
        "ratio of pixels with depth below which a frame counts as color only",
        set_on="not recorded",
    )


CONSTANTS = FrameContextConstants()


@dataclass(frozen=True)
class FrameContext:
    """A frame and its derived quantities, each computed at most once.

    The working grid holds every `working_step`-th pixel of the image, both ways.

    Args:
        frame: corrected by the preprocessing.
        use_depth: False to segment without the frame's depth.
    """

    frame: RGBDFrame
    use_depth: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image [px]."""
        return self.frame.shape

    @cached_property
    def depth_ratio(self) -> float:
        """Ratio of pixels with a depth measurement, 0..1; 0 without depth."""
        if self.frame.depth is None:
            return 0.0
        sample = self.frame.depth[::DEPTH_SAMPLING_STEP, ::DEPTH_SAMPLING_STEP]
        return float(np.mean((sample > 0) & (sample < np.inf)))

    @cached_property
    def has_depth(self) -> bool:
        """True if the frame has intrinsics and enough depth, and depth is to be used."""
        is_calibrated = self.frame.intrinsics is not None
        return self.use_depth and is_calibrated and self.depth_ratio >= CONSTANTS.min_depth_ratio

    @property
    def working_step(self) -> int:
        """Image pixels from one row or column of the working grid to the next."""
        return working_grid_step(self.frame.shape)

    @cached_property
    def working_color(self) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 RGB on the working grid."""
        color = self.frame.color[:: self.working_step, :: self.working_step]
        # Copies of single channels take a quarter of the time of one copy of pixels of three bytes.
        channels = [np.ascontiguousarray(color[..., channel]) for channel in range(3)]
        return np.asarray(cv2.merge(channels), np.uint8)

    @cached_property
    def working_depth(self) -> InverseDepthImage:
        """Inverse depth on the working grid; only if `has_depth`."""
        return InverseDepthImage.from_frame(self.frame, self.working_step)
