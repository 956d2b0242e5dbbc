"""Sampling of an image at the ends of a displacement field."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def flow_ends(flow: Floats) -> tuple[Floats, Floats]:
    """Return the coordinates u and v, (h, w) float32 each, to which a flow (h, w, 2) leads [px]."""
    height, width = flow.shape[:2]
    u = flow[..., 0] + np.arange(width, dtype=np.float32)
    v = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(u, np.float32), np.asarray(v, np.float32)


def sample_along_flow(image: NDArray, flow: Floats) -> NDArray:
    """Sample an image at the ends of a flow, bilinearly.

    Args:
        image: (h, w) or (h, w, n), uint8 or float32.
        flow: (h, w, 2) float32, from each pixel of the result to the image [px].

    Returns:
        Array of the image's shape and dtype; the nearest border pixel outside of the image.
    """
    u, v = flow_ends(flow)
    sampled = cv2.remap(image, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled)
