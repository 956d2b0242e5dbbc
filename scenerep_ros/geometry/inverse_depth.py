"""Inverse depth images on a subsampled grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class InverseDepthConstants:
    """Tuned constants of inverse depth images."""

    smoothing_sigma_px: float = tuned(
        1.5,
        "standard deviation of the Gaussian that smooths inverse depth",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = InverseDepthConstants()


@dataclass(frozen=True)
class InverseDepthImage:
    """Inverse depth w = 1 / z of every n-th pixel of a frame.

    Straight lines in space are straight in (u, v, w), and planes are linear in it. The noise of a
    Kinect grows with z^2 and is therefore constant in w, so that one threshold in [1/m] holds near
    and far; a difference of 0.01 / m is 1 cm at a depth of 1 m.

    Attributes:
        values: (H, W) float32 [1/m], NaN without a measurement.
        smoothed: (H, W) float32 [1/m], `values` smoothed over the measured pixels.
        rays: (H, W, 3) float32, viewing rays with z = 1, optical frame.
    """

    values: Floats
    smoothed: Floats
    rays: Floats

    @classmethod
    def from_frame(cls, frame: RGBDFrame, step: int) -> InverseDepthImage:
        """Subsample a frame with depth and intrinsics.

        Args:
            frame: frame with depth and intrinsics.
            step: image pixels from one row or column of the grid to the next.
        """
        assert frame.depth is not None
        assert frame.intrinsics is not None
        values = invert_depth(frame.depth[::step, ::step])
        rays = viewing_rays(frame.intrinsics, *frame.shape, step)
        return cls(values, smooth_valid(values), rays)

    @property
    def valid(self) -> Mask:
        """Mask (H, W) of the pixels with a depth measurement."""
        return np.isfinite(self.values)

    @property
    def pixel_area(self) -> float:
        """Area of a pixel on a plane 1 m in front of the camera [m^2]."""
        right, below = self.rays[0, 1] - self.rays[0, 0], self.rays[1, 0] - self.rays[0, 0]
        return float(right[0] * below[1])


def smooth_valid(values: Floats, sigma: float = CONSTANTS.smoothing_sigma_px) -> Floats:
    """Smooth with a Gaussian over the valid pixels; invalid pixels stay NaN.

    Args:
        values: (H, W) float32, NaN where invalid.
        sigma: standard deviation of the Gaussian [px].
    """
    valid = np.isfinite(values)
    # Normalized convolution: divide the smoothed values by the smoothed mask.
    total = cv2.GaussianBlur(np.where(valid, values, np.float32(0)), (0, 0), sigma)
    weight = cv2.GaussianBlur(valid.astype(np.float32), (0, 0), sigma)
    return np.where(valid, total / np.maximum(weight, 1e-6), np.float32(np.nan))


def shifted_neighbors(values: Floats, dv: int, du: int) -> tuple[Floats, Floats]:
    """Return the values at the offsets (dv, du) and (-dv, -du) from each pixel.

    Args:
        values: (H, W) float32.
        dv: offset in rows [px].
        du: offset in columns [px].

    Returns:
        Two views (H, W) float32: the values ahead and behind; NaN beyond the border.

    >>> ahead, behind = shifted_neighbors(np.array([[1, 2]], np.float32), 0, 1)
    >>> ahead.tolist(), behind.tolist()
    ([[2.0, nan]], [[nan, 1.0]])
    """
    pad = max(abs(dv), abs(du))
    height, width = values.shape
    padded: Floats = np.full((height + 2 * pad, width + 2 * pad), np.nan, np.float32)
    padded[pad:-pad, pad:-pad] = values
    ahead = padded[pad + dv : pad + dv + height, pad + du : pad + du + width]
    behind = padded[pad - dv : pad - dv + height, pad - du : pad - du + width]
    return ahead, behind
