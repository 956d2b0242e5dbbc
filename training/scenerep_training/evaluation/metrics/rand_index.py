"""Adjusted Rand index: agreement of two partitions regardless of label names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.overlap import contingency_table


def adjusted_rand_index(first: NDArray[np.integer], second: NDArray[np.integer]) -> float:
    """Return the adjusted Rand index (Hubert and Arabie, 1985).

    It is the share of point pairs on which two partitions agree, corrected for chance: 1 for equal
    partitions, 0 on average for random ones. Two partitions that are trivial in the same way (all
    in one cluster, or each point alone) score 1; without any point the index is NaN.

    Args:
        first: labels of any shape.
        second: labels of the same shape.

    >>> adjusted_rand_index(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3]))
    1.0
    """
    if not first.size:
        return float("nan")
    counts = contingency_table(first, second)[2]
    agreeing = _count_pairs(counts)
    first_pairs, second_pairs = _count_pairs(counts.sum(1)), _count_pairs(counts.sum(0))
    expected = first_pairs * second_pairs / max(_count_pairs(np.array([first.size])), 1.0)
    maximum = (first_pairs + second_pairs) / 2
    return 1.0 if maximum == expected else (agreeing - expected) / (maximum - expected)


def _count_pairs(counts: NDArray[np.int64]) -> float:
    """Sum the unordered pairs within groups of these sizes, in float64, which does not overflow."""
    sizes = counts.astype(np.float64)
    return float((sizes * (sizes - 1)).sum() / 2)
