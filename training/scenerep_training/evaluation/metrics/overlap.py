"""Overlap of true and predicted objects, and their one-to-one assignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Counts = NDArray[np.int64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """Pixels shared by each of G true objects and P predicted objects.

    Attributes:
        truth_ids: (G,) int64 labels of the true objects, ascending.
        predicted_ids: (P,) int64 labels of the predicted objects, ascending.
        truth_areas: (G,) int64 [px].
        predicted_areas: (P,) int64 [px].
        shared: (G, P) int64 [px].
    """

    truth_ids: Counts
    predicted_ids: Counts
    truth_areas: Counts
    predicted_areas: Counts
    shared: Counts

    @property
    def f_measure(self) -> Matrix:
        """(G, P) harmonic mean of precision and recall: twice the shared area over both areas."""
        return 2 * self.shared / (self.truth_areas[:, None] + self.predicted_areas[None])

    @property
    def iou(self) -> Matrix:
        """(G, P) intersection over union."""
        area_sums = self.truth_areas[:, None] + self.predicted_areas[None]
        return self.shared / (area_sums - self.shared)


def compute_overlap(truth: NDArray[np.integer], predicted: NDArray[np.integer]) -> Overlap:
    """Count the pixels shared by every pair of objects.

    Args:
        truth: (H, W) labels, 0 = background.
        predicted: (H, W) labels, 0 = background.
    """
    truth_ids, predicted_ids, counts = contingency_table(truth, predicted)
    is_true, is_predicted = truth_ids > 0, predicted_ids > 0
    return Overlap(
        truth_ids[is_true],
        predicted_ids[is_predicted],
        counts.sum(1)[is_true],
        counts.sum(0)[is_predicted],
        counts[np.ix_(is_true, is_predicted)],
    )


def contingency_table(
    first: NDArray[np.integer], second: NDArray[np.integer]
) -> tuple[Counts, Counts, Counts]:
    """Count how often each pair of labels occurs at the same position.

    Returns:
        Labels (A,) of first and (B,) of second, ascending, and the counts (A, B).

    >>> contingency_table(np.array([1, 1, 2]), np.array([5, 7, 7]))[2]
    array([[1, 1],
           [0, 1]])
    """
    first_ids, rows = np.unique(first.ravel(), return_inverse=True)
    second_ids, columns = np.unique(second.ravel(), return_inverse=True)
    shape = (len(first_ids), len(second_ids))
    flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return first_ids.astype(np.int64), second_ids.astype(np.int64), flat.reshape(shape)


def assign_max_sum(score: Matrix) -> tuple[Counts, Counts]:
    """Assign rows to columns one to one with the maximum sum of scores (Kuhn, 1955).

    Returns:
        Row and column indices of the min(G, P) pairs.
    """
    rows, columns = linear_sum_assignment(score, maximize=True)
    return rows.astype(np.int64), columns.astype(np.int64)
