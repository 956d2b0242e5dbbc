"""Pictures of one sample: image, ground truth and prediction side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.render import Image, draw_overlay, id_colors

CONTOUR_WIDTH_RATIO = 0.004
"""Width of a contour relative to the image width."""


def draw_comparison(
    color: Image, truth: NDArray[np.generic], predicted: NDArray[np.generic]
) -> Image:
    """Draw the image, the ground truth's contours and the prediction's overlay side by side.

    Args:
        color: (H, W, 3) uint8, RGB.
        truth: (H, W) labels or mask; UNLABELLED is drawn in gray.
        predicted: (H, W) labels or mask.

    Returns:
        (H, 3 W, 3) uint8, RGB.
    """
    overlay = draw_overlay(color, predicted.astype(np.uint16))
    return np.hstack([color, draw_contours(color, truth.astype(np.uint16)), overlay])


def draw_contours(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Draw each object's contour in its id's color, and unlabelled pixels in gray.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    picture = color.copy()
    is_ignored = labels == UNLABELLED
    picture[is_ignored] = picture[is_ignored] // 2 + id_colors(UNLABELLED) // 2
    # A contour lies inside its object; the dilation detects borders with a higher id.
    width = 1 + max(1, round(CONTOUR_WIDTH_RATIO * color.shape[1]))
    objects = np.where(is_ignored, BACKGROUND, labels).astype(np.uint16)
    eroded = cv2.erode(objects, np.ones((2 * width - 1, 2 * width - 1), np.uint8))
    dilated = cv2.dilate(objects, np.ones((3, 3), np.uint8))
    is_contour = (objects != BACKGROUND) & ((eroded != objects) | (dilated != objects))
    picture[is_contour] = id_colors(objects[is_contour])
    return picture
