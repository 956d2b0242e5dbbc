"""Pareto front of cost and quality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pareto_front(cost: NDArray[np.float64], quality: NDArray[np.float64]) -> list[int]:
    """Return the indices of the points that no other point dominates, by ascending cost.

    >>> pareto_front(np.array([3.0, 1.0, 2.0]), np.array([9.0, 5.0, 4.0]))
    [1, 0]
    """
    front: list[int] = []
    for index in np.lexsort((-quality, cost)):
        if not front or quality[index] > quality[front[-1]]:
            front.append(int(index))
    return front
