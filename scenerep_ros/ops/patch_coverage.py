"""Between label images and the cells of a feature grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cell_shares(
    labels: NDArray[np.int32], counted: NDArray[np.bool_], grid: tuple[int, int]
) -> NDArray[np.float32]:
    """Measure how much of each cell each label covers.

    Args:
        labels: (H, W) int32, 0..K.
        counted: (H, W) bool, the pixels that count.
        grid: rows and columns of cells.

    Returns:
        (rows * columns, K + 1) float32, shares of the cell's pixels; a row sums to its share of
        counted pixels.
    """
    (height, width), (rows, columns) = labels.shape, grid
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    cell = row[:, None] * columns + column
    count = int(labels.max()) + 1
    hits = np.bincount((cell * count + labels)[counted], minlength=rows * columns * count)
    size = np.bincount(cell.ravel(), minlength=rows * columns)
    return (hits.reshape(-1, count) / np.maximum(size, 1)[:, None]).astype(np.float32)
