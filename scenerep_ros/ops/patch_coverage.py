"""Coverage of the patches of a feature grid by the labels of an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def patch_coverage(
    labels: NDArray[np.int32], mask: NDArray[np.bool_], grid: tuple[int, int]
) -> NDArray[np.float32]:
    """Measure the fraction of each patch that each label covers.

    Args:
        labels: (H, W) int32, 0..K.
        mask: (H, W) bool, pixels that count.
        grid: rows and columns of patches.

    Returns:
        (rows * columns, K + 1) float32, fractions of the patch's pixels; a row sums to the fraction
        of the patch's pixels that are in the mask.

    >>> patch_coverage(np.array([[0, 1, 1, 1]], np.int32), np.ones((1, 4), bool), (1, 2)).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    (height, width), (rows, columns) = labels.shape, grid
    # Find the patch of each pixel.
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    patch = row[:, None] * columns + column
    # Count the pixels of each pair of patch and label.
    label_count = int(labels.max()) + 1
    pair = patch * label_count + labels
    hits = np.bincount(pair[mask], minlength=rows * columns * label_count)
    area = np.outer(
        np.bincount(row, minlength=rows), np.bincount(column, minlength=columns)
    ).ravel()
    return (hits.reshape(-1, label_count) / np.maximum(area, 1)[:, None]).astype(np.float32)
