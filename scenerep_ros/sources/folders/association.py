"""Which stamps of two recordings belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SLOP_NS = 20_000_000
"""Largest time between colour and depth of a pair, as in the TUM benchmark's tools."""


def associate(
    first: NDArray[np.int64], second: NDArray[np.int64], slop: int = SLOP_NS
) -> list[tuple[int, int]]:
    """Pair stamps greedily, the closest pair first, each stamp at most once.

    These are the rules of the TUM RGB-D benchmark's associate.py.

    Args:
        first: sorted stamps, nanoseconds.
        second: sorted stamps, nanoseconds.
        slop: largest difference of a pair, nanoseconds.

    Returns:
        Indices into first and second, in order of first.
    """
    starts = np.searchsorted(second, first - slop, side="left")
    stops = np.searchsorted(second, first + slop, side="right")
    candidates = sorted(
        (abs(int(first[i] - second[j])), i, j)
        for i, (start, stop) in enumerate(zip(starts, stops, strict=True))
        for j in range(start, stop)
    )
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in candidates:
        if i not in pairs and j not in used:
            pairs[i] = j
            used.add(j)
    return sorted(pairs.items())
