"""Propagation of the last frame's labels by optical flow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Image = NDArray[np.uint8]

MIN_IMAGE_SIDE_PX = 16
"""Smallest image side that dense inverse search can process."""
OUTSIDE_SHIFT_PX = 1e3
"""Flow assigned beyond the image border; it fails every consistency check."""


class FlowPropagation:
    """Tracks pixels from frame to frame by dense inverse search (Kroeger et al., ECCV 2016).

    Args:
        color: (H, W, 3) uint8 RGB, the first frame.
        size: rows and columns of the label planes.
    """

    def __init__(self, color: Image, size: tuple[int, int]) -> None:
        self._size = size
        self._last = _half_size_gray(color)
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, planes: Plane, color: Image) -> tuple[Plane, Plane, Plane]:
        """Warp label planes to the next frame.

        Args:
            planes: (h, w, K) float32, of the last frame.
            color: (H, W, 3) uint8 RGB, the next frame.

        Returns:
            (h, w, K) warped planes; (h, w) reliability in 0..1 by the forward-backward check of
            Sundaram, Brox and Keutzer (ECCV 2010), which is low at disocclusions; and (h, w, 2)
            backward flow, u and v to the last frame, in pixels of the planes.
        """
        image, last = _half_size_gray(color), self._last
        self._last = image
        if min(image.shape) < MIN_IMAGE_SIDE_PX:
            return planes, np.zeros(self._size, np.float32), np.zeros((*self._size, 2), np.float32)
        backward, forward = self._estimate_flow(image, last), self._estimate_flow(last, image)
        reliability = cv2.resize(
            _consistency(backward, forward), self._size[::-1], interpolation=cv2.INTER_AREA
        )
        flow = self._resize_flow(backward)
        return _warp(planes, flow), np.asarray(reliability, np.float32), flow

    def _estimate_flow(self, start: Image, end: Image) -> Plane:
        """Return the flow (H, W, 2) from start to end, u and v [px]."""
        return np.asarray(self._search.calc(start, end, np.zeros((*start.shape, 2), np.float32)))

    def _resize_flow(self, flow: Plane) -> Plane:
        height, width = self._size
        scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
        resized = cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(resized * scale, np.float32)


def _consistency(backward: Plane, forward: Plane) -> Plane:
    """(H, W), 1 where the flows cancel, within a tolerance that grows with the motion."""
    forward = _warp(forward, backward, cv2.BORDER_CONSTANT)
    error = np.square(backward + forward).sum(-1)
    motion = np.square(backward).sum(-1) + np.square(forward).sum(-1)
    return (error < 0.01 * motion + 0.5).astype(np.float32)


def _warp(planes: Plane, flow: Plane, border: int = cv2.BORDER_REPLICATE) -> Plane:
    """Sample planes at the end of the flow; a constant border is OUTSIDE_SHIFT_PX."""
    v, u = np.indices(flow.shape[:2], np.float32) + np.moveaxis(flow[..., ::-1], -1, 0)
    layers = [
        cv2.remap(
            np.ascontiguousarray(layer), u, v, cv2.INTER_LINEAR, None, border, [OUTSIDE_SHIFT_PX]
        )
        for layer in np.moveaxis(planes, -1, 0)
    ]
    return np.asarray(np.stack(layers, axis=-1), np.float32)


def _half_size_gray(color: Image) -> Image:
    half = cv2.resize(color, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(half, cv2.COLOR_RGB2GRAY), np.uint8)
