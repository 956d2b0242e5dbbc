"""Association of the stamps of two recordings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SLOP_NS = 20_000_000
"""Maximum difference of the stamps of a color-depth pair [ns], as in the TUM benchmark's tools."""

MAX_CANDIDATES = 50
"""constant: candidates before and after a stamp, as many as a camera of 2,500 Hz has in the slop."""


def associate(
    first: NDArray[np.int64], second: NDArray[np.int64], slop_ns: int = SLOP_NS
) -> list[tuple[int, int]]:
    """Pair stamps greedily, the closest pair first, each stamp at most once.

    The rules are those of associate.py of the TUM RGB-D benchmark. Of equal stamps, the first belongs to
    the first, and so on.

    Args:
        first: sorted stamps [ns].
        second: sorted stamps [ns].
        slop_ns: maximum difference of a pair [ns].

    Returns:
        Pairs of indices into first and second, in the order of first.

    >>> associate(np.array([100, 200]), np.array([104, 205, 198]), slop_ns=10)
    [(0, 0), (1, 2)]
    """
    starts = np.searchsorted(second, first - slop_ns, side="left")
    stops = np.searchsorted(second, first + slop_ns, side="right")
    # Where many stamps are equal, the nearest candidates suffice.
    nearest = np.searchsorted(second, first) + _rank_among_equals(first)
    starts = np.maximum(starts, np.minimum(nearest, len(second)) - MAX_CANDIDATES)
    stops = np.minimum(stops, nearest + MAX_CANDIDATES)
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


def _rank_among_equals(stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of equal stamps before each one, (N,), for sorted stamps."""
    return np.arange(len(stamps)) - np.searchsorted(stamps, stamps)
