"""Division of recordings in time, for the cross-validation of codebooks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from scenerep_ros.sources.base import Source
from scenerep_training.evaluation.report.bootstrap import MIN_UNITS

BLOCK_COUNT = MIN_UNITS
"""Blocks of the recordings, of which each is held back once; fewer have no interval."""


def divide(sources: Sequence[Source], count: int = BLOCK_COUNT) -> list[list[Source]]:
    """Divide recordings, one after the other, into contiguous blocks of equally many frames.

    Args:
        sources: recordings.
        count: number of blocks.

    Returns:
        Parts of recordings of each block; a block may extend over several recordings, and is empty
        where there are fewer frames than blocks.
    """
    total = sum(len(source) for source in sources)
    borders = [round(total * index / count) for index in range(count + 1)]
    return [_parts(sources, first, last) for first, last in itertools.pairwise(borders)]


def _parts(sources: Sequence[Source], first: int, last: int) -> list[Source]:
    """Return the parts of recordings between two positions in all of them."""
    parts, offset = [], 0
    for source in sources:
        start, stop = max(0, first - offset), min(len(source), last - offset)
        if start < stop:
            parts.append(source.part(start, stop))
        offset += len(source)
    return parts
