"""Values that change over a run, as functions of the share of it that is done."""

from __future__ import annotations

import math


def cosine(start: float, end: float, progress: float) -> float:
    """Half a cosine from one value to the other.

    The momentum of a teacher rises so (Grill et al. 2020, section 3.2; Caron et al. 2021, section 3.1).

    Args:
        start: value at progress 0.
        end: value at progress 1.
        progress: share of the run that is done.

    >>> [round(cosine(0.996, 1.0, progress), 4) for progress in (0, 0.5, 1)]
    [0.996, 0.998, 1.0]
    """
    return end + 0.5 * (start - end) * (1 + math.cos(math.pi * progress))


def linear_warmup(start: float, end: float, share: float, progress: float) -> float:
    """A straight line from one value to the other, then the second one.

    Args:
        start: value at progress 0.
        end: value from progress `share` on.
        share: of the run in which the value moves; 0 gives `end` from the first step on.
        progress: share of the run that is done.

    >>> [round(linear_warmup(0.04, 0.07, 0.1, progress), 4) for progress in (0, 0.05, 0.1, 1)]
    [0.04, 0.055, 0.07, 0.07]
    """
    if progress >= share:
        return end
    return start + (end - start) * progress / share
