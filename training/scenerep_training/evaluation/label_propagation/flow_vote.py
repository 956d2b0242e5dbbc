"""The last frame's labels, carried along by optical flow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Image = NDArray[np.uint8]

SMALLEST_SIDE = 16
"""Pixels of an image that dense inverse search can handle."""
OUTSIDE = 1e3
"""A shift that no tolerance forgives, pixels: what left the image is not to be trusted."""


class FlowVote:
    """Follows pixels from frame to frame by dense inverse search (Kroeger et al., ECCV 2016).

    Args:
        color: (H, W, 3) uint8 RGB, the first frame.
        size: rows and columns of the label planes.
    """

    def __init__(self, color: Image, size: tuple[int, int]) -> None:
        self._size = size
        self._last = _half_grey(color)
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, planes: Plane, color: Image) -> tuple[Plane, Plane, Plane]:
        """Carry label planes to the next frame.

        Args:
            planes: (h, w, K) float32, of the last frame.
            color: (H, W, 3) uint8 RGB, the next frame.

        Returns:
            (h, w, K) carried planes; (h, w) in how far they are to be trusted, 0..1: by the check
            of Sundaram, Brox and Keutzer (ECCV 2010), which fails where the scene was hidden; and
            (h, w, 2) the flow itself, shift in u and v to the last frame, in pixels of the planes.
        """
        image, last = _half_grey(color), self._last
        self._last = image
        if min(image.shape) < SMALLEST_SIDE:
            return planes, np.zeros(self._size, np.float32), np.zeros((*self._size, 2), np.float32)
        there, back = self._flow(image, last), self._flow(last, image)
        trust = cv2.resize(_consistent(there, back), self._size[::-1], interpolation=cv2.INTER_AREA)
        flow = self._at_size(there)
        return _sampled(planes, flow), np.asarray(trust, np.float32), flow

    def _flow(self, start: Image, end: Image) -> Plane:
        """(H, W, 2), shift in u and v of each pixel of the first image."""
        return np.asarray(self._search.calc(start, end, np.zeros((*start.shape, 2), np.float32)))

    def _at_size(self, flow: Plane) -> Plane:
        height, width = self._size
        scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
        resized = cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(resized * scale, np.float32)


def _consistent(there: Plane, back: Plane) -> Plane:
    """(H, W), 1 where there and back end where they began, within what grows with the motion."""
    back = _sampled(back, there, cv2.BORDER_CONSTANT)
    error = np.square(there + back).sum(-1)
    motion = np.square(there).sum(-1) + np.square(back).sum(-1)
    return (error < 0.01 * motion + 0.5).astype(np.float32)


def _sampled(planes: Plane, flow: Plane, border: int = cv2.BORDER_REPLICATE) -> Plane:
    """Read planes where flow leads to; beyond the image, its border or OUTSIDE."""
    v, u = np.indices(flow.shape[:2], np.float32) + np.moveaxis(flow[..., ::-1], -1, 0)
    layers = [
        cv2.remap(np.ascontiguousarray(layer), u, v, cv2.INTER_LINEAR, None, border, [OUTSIDE])
        for layer in np.moveaxis(planes, -1, 0)
    ]
    return np.asarray(np.stack(layers, axis=-1), np.float32)


def _half_grey(color: Image) -> Image:
    half = cv2.resize(color, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(half, cv2.COLOR_RGB2GRAY), np.uint8)
