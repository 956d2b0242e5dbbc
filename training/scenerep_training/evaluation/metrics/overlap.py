"""How two sets of labelled pixels overlap, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Counts = NDArray[np.int64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """Pixels shared by each of G true objects and P predicted ones.

    Attributes:
        truth_ids: (G,) labels of the true objects, rising.
        predicted_ids: (P,) labels of the predicted ones, rising.
        truth_areas: (G,) pixels.
        predicted_areas: (P,) pixels.
        shared: (G, P) pixels.
    """

    truth_ids: Counts
    predicted_ids: Counts
    truth_areas: Counts
    predicted_areas: Counts
    shared: Counts

    @property
    def f_measure(self) -> Matrix:
        """(G, P) harmonic mean of precision and recall, which is twice shared over both areas."""
        return 2 * self.shared / (self.truth_areas[:, None] + self.predicted_areas[None])

    @property
    def iou(self) -> Matrix:
        """(G, P) intersection over union."""
        both = self.truth_areas[:, None] + self.predicted_areas[None]
        return self.shared / (both - self.shared)


def overlap(truth: NDArray[np.integer], predicted: NDArray[np.integer]) -> Overlap:
    """Count the pixels of every pair of objects.

    Args:
        truth: (H, W) labels, 0 = background.
        predicted: (H, W) labels, 0 = background.
    """
    truth_ids, predicted_ids, counts = contingency(truth, predicted)
    true, found = truth_ids > 0, predicted_ids > 0
    return Overlap(
        truth_ids[true],
        predicted_ids[found],
        counts.sum(1)[true],
        counts.sum(0)[found],
        counts[np.ix_(true, found)],
    )


def contingency(
    first: NDArray[np.integer], second: NDArray[np.integer]
) -> tuple[Counts, Counts, Counts]:
    """Count how often each pair of labels meets.

    Returns:
        Labels (A,) of first and (B,) of second, rising, and the counts (A, B).
    """
    first_ids, rows = np.unique(first.ravel(), return_inverse=True)
    second_ids, columns = np.unique(second.ravel(), return_inverse=True)
    shape = (len(first_ids), len(second_ids))
    flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return first_ids.astype(np.int64), second_ids.astype(np.int64), flat.reshape(shape)


def assign(gain: Matrix) -> tuple[Counts, Counts]:
    """Pair rows and columns one to one so that the gains add up to the most (Kuhn, 1955).

    Returns:
        Row and column indices of the min(G, P) pairs.
    """
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return rows.astype(np.int64), columns.astype(np.int64)
