"""How the picture moved since the last frame, cheaply and without depth or pose.

Dense inverse search (Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016) on
a thumbnail, started from the global shift that phase correlation finds, since on its own it loses
a camera that turns fast.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import invert_depth
from scenerep_ros.preprocessing.exposure import is_black

_THUMBNAIL_AREA = 160 * 120
_SMALLEST_SIDE = 16  # of a thumbnail that dense inverse search can handle
_LEAST_DEPTH = 0.4  # metres that are white where depth serves as a picture
_SAME_EXPOSURE = 0.15  # share of the mean grey level by which pictures of one exposure may differ
_UNEXPLAINED = 0.6  # share of the pictures' difference that a credible flow may leave


def thumbnail_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the thumbnail of an image: the same aspect, a fixed area.

    >>> thumbnail_shape((480, 640))
    (120, 160)
    """
    scale = (_THUMBNAIL_AREA / (shape[0] * shape[1])) ** 0.5
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def picture(frame: RGBDFrame) -> NDArray[np.uint8]:
    """Picture (H, W, 3) whose motion is a frame's: its colour, or in the dark its depth."""
    if frame.depth is None or not is_black(frame):
        return frame.color
    near = np.nan_to_num(invert_depth(frame.depth)) * np.float32(_LEAST_DEPTH)
    return np.repeat((255 * near.clip(0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def carry(points: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move points along the flow; those outside the picture go along with the nearest border.

    Args:
        points: (N, 2) float32, u and v in the last thumbnail.
        flow: (h, w, 2) float32, as `MotionEstimator` returns it.

    Returns:
        (N, 2) float32, u and v in the current thumbnail, maybe outside of it.
    """
    height, width = flow.shape[:2]
    u, v = np.rint(points).astype(np.intp).T
    return points + flow[v.clip(0, height - 1), u.clip(0, width - 1)]


class MotionEstimator:
    """Remembers the last image and tells how each of its pixels moved to the next one."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow.setVariationalRefinementIterations(0)

    def __call__(self, color: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Take the next image.

        Args:
            color: (H, W, 3) uint8, RGB.

        Returns:
            (h, w, 2) float32, shift in u and v of each pixel of the last thumbnail, in pixels of
            the thumbnail; zero where none can be told; None for the first image and where the
            image's aspect changed.
        """
        height, width = thumbnail_shape((color.shape[0], color.shape[1]))
        gray = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY)
        small = np.asarray(
            cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        last, self._last = self._last, small
        if last is None or last.shape != small.shape:
            return None
        return self._between(last, _as_exposed(small, last))

    def _between(self, last: NDArray[np.uint8], current: NDArray[np.uint8]) -> NDArray[np.float32]:
        still = np.zeros((*last.shape, 2), np.float32)
        if min(last.shape) < _SMALLEST_SIDE:
            return still
        flow = still + _global_shift(last, current)
        flow = np.asarray(self._flow.calc(last, current, flow), np.float32)
        return flow if _explains(flow, last, current) else still


def _as_exposed(current: NDArray[np.uint8], last: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a picture the last one's grey levels, by matching histograms, where exposure changed."""
    if abs(float(current.mean()) - float(last.mean())) <= _SAME_EXPOSURE * float(last.mean()):
        return current
    shares = [np.bincount(image.ravel(), minlength=256).cumsum() for image in (current, last)]
    levels = np.interp(shares[0], shares[1], np.arange(256))
    return np.rint(levels).astype(np.uint8)[current]


def _global_shift(last: NDArray[np.uint8], current: NDArray[np.uint8]) -> NDArray[np.float32]:
    window = cv2.createHanningWindow(last.shape[::-1], cv2.CV_32F)
    shift, _ = cv2.phaseCorrelate(last.astype(np.float32), current.astype(np.float32), window)
    return np.nan_to_num(np.array(shift, np.float32), posinf=0.0, neginf=0.0)


def _explains(
    flow: NDArray[np.float32], last: NDArray[np.uint8], current: NDArray[np.uint8]
) -> bool:
    """Tell whether the flow makes the pictures alike: it cannot after a cut, in noise or the dark.

    Alike but for brightness: the automatic exposure changes that.
    """
    height, width = last.shape
    u = flow[..., 0] + np.arange(width, dtype=np.float32)
    v = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    inside = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
    if not inside.any():
        return False
    warped = cv2.remap(current, u, v, cv2.INTER_LINEAR)
    unexplained = cv2.subtract(warped, last, dtype=cv2.CV_32F)[inside].std()
    return bool(unexplained < _UNEXPLAINED * cv2.subtract(current, last, dtype=cv2.CV_32F).std())
