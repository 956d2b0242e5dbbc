"""Connected components and growth of label images."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def label_connected_components(labels: Labels, min_area: float) -> Labels:
    """Number the connected components (4 neighbours) of all labels.

    Args:
        labels: (H, W) int64, 0 = background.
        min_area: area of the smallest component to keep [px].

    Returns:
        (H, W) int64: 1..K in reading order of the components' first pixels, 0 elsewhere.
    """
    # Draw an image of twice the size, in which pixels of one label are linked by the pixel between.
    is_linked = np.zeros((2 * labels.shape[0] - 1, 2 * labels.shape[1] - 1), np.uint8)
    is_labelled = labels > 0
    is_linked[::2, ::2] = is_labelled
    is_linked[::2, 1::2] = (labels[:, 1:] == labels[:, :-1]) & is_labelled[:, 1:]
    is_linked[1::2, ::2] = (labels[1:] == labels[:-1]) & is_labelled[1:]
    # OpenCV numbers the components in reading order.
    _, components = cv2.connectedComponents(is_linked, connectivity=4)
    components = components[::2, ::2]
    # Renumber the components that are large enough.
    is_kept = np.bincount(components.ravel()) >= min_area
    is_kept[0] = False
    return (is_kept.cumsum() * is_kept)[components]


def expand_labels(labels: Labels, mask: NDArray[np.bool_], max_distance_px: int) -> Labels:
    """Expand labels pixel by pixel into unlabelled pixels.

    Args:
        labels: (H, W) int64, 0 = unlabelled.
        mask: (H, W) bool, pixels that may be labelled.
        max_distance_px: number of rounds, which is the largest distance of expansion [px].

    Returns:
        (H, W) int64.
    """
    padded = np.pad(labels, 1)
    flat, width = padded.reshape(-1), padded.shape[1]
    pixels = np.flatnonzero(np.pad(mask & (labels == 0), 1))
    for _ in range(max_distance_px):
        # Take the first label among the left, right, upper and lower neighbour.
        first_label = flat[pixels - 1]
        for offset in (1, -width, width):
            first_label = np.where(first_label > 0, first_label, flat[pixels + offset])
        flat[pixels] = first_label
        pixels = pixels[first_label == 0]
    return padded[1:-1, 1:-1]
