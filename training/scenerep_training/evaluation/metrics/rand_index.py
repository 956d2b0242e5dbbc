"""Agreement of two partitions, whatever their labels are called."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.metrics.overlap import contingency


def adjusted_rand_index(first: NDArray[np.integer], second: NDArray[np.integer]) -> float:
    """Share of pairs on which two partitions agree, corrected for chance (Hubert and Arabie 1985).

    1 for equal partitions, 0 on average for random ones; 1 where both are trivial in the same way
    (all in one, or each alone, as for a single pixel); NaN where there is no pixel.

    Args:
        first: labels of any shape.
        second: labels of the same shape.
    """
    if not first.size:
        return float("nan")
    counts = contingency(first, second)[2]
    together = _pairs(counts)
    rows, columns = _pairs(counts.sum(1)), _pairs(counts.sum(0))
    expected = rows * columns / max(_pairs(np.array([first.size])), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _pairs(counts: NDArray[np.int64]) -> float:
    """Unordered pairs within groups of these sizes, summed; in floats, which do not overflow."""
    sizes = counts.astype(np.float64)
    return float((sizes * (sizes - 1)).sum() / 2)
