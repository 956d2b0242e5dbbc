"""Pictures of one sample: what was seen, what is true and what was found, side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.render import Image, draw_overlay, id_colors

LINE_SHARE = 0.004
"""Width of a contour, as a share of the image's width."""


def comparison(color: Image, truth: NDArray[np.generic], predicted: NDArray[np.generic]) -> Image:
    """Put the image, the ground truth's contours and the prediction's overlay side by side.

    Args:
        color: (H, W, 3) uint8, RGB.
        truth: (H, W) labels or mask; UNLABELLED is shown in grey.
        predicted: (H, W) labels or mask.

    Returns:
        (H, 3 W, 3) uint8, RGB.
    """
    found = draw_overlay(color, predicted.astype(np.uint16))
    return np.hstack([color, contours(color, truth.astype(np.uint16)), found])


def contours(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Draw each object's contour in its id's colour, and what is ignored in grey.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    picture = color.copy()
    ignored = labels == UNLABELLED
    picture[ignored] = picture[ignored] // 2 + id_colors(UNLABELLED) // 2
    width = 1 + max(1, round(LINE_SHARE * color.shape[1]))
    known = np.where(ignored, BACKGROUND, labels).astype(np.uint16)
    inner = cv2.erode(known, np.ones((2 * width - 1, 2 * width - 1), np.uint8))
    outer = cv2.dilate(known, np.ones((3, 3), np.uint8))
    line = (known != BACKGROUND) & ((inner != known) | (outer != known))
    picture[line] = id_colors(known[line])
    return picture
