"""A frame's depth as the cut sees it: coarse, inverted, smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEAST_KNOWN = 0.05
"""Share of the image that must have depth for depth to be of use."""


def has_useful_depth(frame: RGBDFrame) -> bool:
    """Whether a frame has intrinsics, and depth in more than a few places."""
    return frame.intrinsics is not None and known_share(frame) >= LEAST_KNOWN


def known_share(frame: RGBDFrame) -> float:
    """Share of a frame's pixels that have depth."""
    if frame.depth is None:
        return 0.0
    sample = frame.depth[::4, ::4]
    return float(np.mean((sample > 0) & (sample < np.inf)))


@dataclass(frozen=True)
class DepthView:
    """Inverse depth w = 1 / z on a coarse grid.

    Straight lines in space stay straight in (u, v, w), planes are linear in it, and the noise of a
    Kinect, which grows with z^2, is the same near and far: a distance "in metres at 1 m" is a
    difference of w.

    Attributes:
        w: (H, W) float32, 1 / m, NaN where unknown.
        smooth: the same, blurred over the known pixels.
        rays: (H, W, 3) float32 viewing rays with z = 1.
    """

    w: Floats
    smooth: Floats
    rays: Floats

    @classmethod
    def of(cls, frame: RGBDFrame, step: int) -> DepthView:
        """Look at every `step`th pixel of a frame, which `has_useful_depth`."""
        assert frame.depth is not None
        assert frame.intrinsics is not None
        w = invert_depth(frame.depth[::step, ::step])
        rays = viewing_rays(frame.intrinsics, *frame.depth.shape)[::step, ::step]
        return cls(w, blur_known(w), rays)

    @property
    def known(self) -> Mask:
        """Where there is depth."""
        return np.isfinite(self.w)

    @property
    def pixel_size(self) -> float:
        """Area of a pixel's footprint 1 m away, facing the camera, m^2."""
        right, below = self.rays[0, 1] - self.rays[0, 0], self.rays[1, 0] - self.rays[0, 0]
        return float(right[0] * below[1])


def blur_known(w: Floats, sigma: float = 1.5) -> Floats:
    """Blur with a Gaussian over the known pixels only; what is unknown stays NaN."""
    known = np.isfinite(w)
    total = cv2.GaussianBlur(np.where(known, w, np.float32(0)), (0, 0), sigma)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    return np.where(known, total / np.maximum(weight, 1e-6), np.float32(np.nan))


def neighbours(w: Floats, dv: int, du: int) -> tuple[Floats, Floats]:
    """Values `dv` rows and `du` columns ahead of and behind each pixel; NaN past the border."""
    pad = max(abs(dv), abs(du))
    padded: Floats = np.full((w.shape[0] + 2 * pad, w.shape[1] + 2 * pad), np.nan, np.float32)
    padded[pad:-pad, pad:-pad] = w
    height, width = w.shape
    ahead = padded[pad + dv : pad + dv + height, pad + du : pad + du + width]
    behind = padded[pad - dv : pad - dv + height, pad - du : pad - du + width]
    return ahead, behind
