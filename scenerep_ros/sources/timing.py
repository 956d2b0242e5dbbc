"""Frame rates from the stamps of color frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean, median

DEFAULT_RATE = 30.0
"""Frame rate of recordings that do not store one [Hz]."""
MIN_RATE, MAX_RATE = 0.1, 240.0
"""Bounds of a frame rate [Hz], beyond which a stamp or a header is wrong."""
MAX_INTERVAL_RATIO = 3
"""constant: interval over the median interval from which it is a pause, not a few lost frames."""


def frame_rate(stamps_ns: Sequence[int]) -> float:
    """Compute a frame rate [Hz] from the mean interval of stamps.

    Pauses of the recording, single wild stamps and repeated stamps are left out.

    Args:
        stamps_ns: stamps of the color frames in the order of recording [ns].

    Returns:
        A rate between MIN_RATE and MAX_RATE; DEFAULT_RATE if the stamps yield none.

    >>> frame_rate([0, 100_000_000, 200_000_000, 10**18])
    10.0
    """
    intervals = [after - before for before, after in pairwise(stamps_ns)]
    plausible = [interval for interval in intervals if interval >= 1e9 / MAX_RATE]
    if not plausible:
        return DEFAULT_RATE
    limit = MAX_INTERVAL_RATIO * median(plausible)
    return bounded_rate(1e9 / mean(interval for interval in plausible if interval <= limit))


def bounded_rate(rate: float) -> float:
    """Return a rate [Hz] within its bounds; DEFAULT_RATE if it is not positive or not finite.

    >>> bounded_rate(0.0), bounded_rate(1000.0)
    (30.0, 240.0)
    """
    if not 0 < rate < float("inf"):
        return DEFAULT_RATE
    return min(max(rate, MIN_RATE), MAX_RATE)


def stamp_from_index(index: int, rate: float = DEFAULT_RATE) -> int:
    """Return the stamp [ns] of a frame of a recording without stamps, from its rate [Hz].

    >>> stamp_from_index(3, rate=30.0)
    100000000
    """
    return round(index * 1e9 / rate)
