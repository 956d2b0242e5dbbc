"""Evidence of frames on pairs of objects: one object, or two."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class PairEvidenceConstants:
    """Tuned constants of the evidence on pairs."""

    min_merge_views: int = tuned(
        5,
        "number of frames that must show two objects as one before they are merged",
        set_on="argument: more than the views that created them",
    )


CONSTANTS = PairEvidenceConstants()


@dataclass
class _Counts:
    """Number of frames that show two objects as one segment, and as two."""

    together: int = 0
    apart: int = 0

    @property
    def is_one(self) -> bool:
        is_majority = self.together > 2 * self.apart
        return is_majority and self.together >= CONSTANTS.min_merge_views


class PairEvidence:
    """Counts of frames by the pair of keys of two objects."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int], _Counts] = {}

    def observe_together(self, first: int, second: int) -> None:
        """Record a frame that shows two objects as one segment."""
        pair = min(first, second), max(first, second)
        self._counts.setdefault(pair, _Counts()).together += 1

    def observe_apart(self, shown: Container[int], visible: Container[int]) -> None:
        """Record a frame that shows objects as segments of their own.

        Only pairs that an earlier frame has shown as one count.

        Args:
            shown: keys of the segments of the frame.
            visible: keys of the objects that the map shows at the frame's pixels.
        """
        for (first, second), counts in self._counts.items():
            if first in shown and second in shown:
                counts.apart += (first in visible) + (second in visible)

    def merged_pairs(self, exists: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
        """Yield, and forget, the pairs that more frames show as one object than as two.

        Args:
            exists: returns whether there is an object of a key; other pairs are forgotten.
        """
        for pair, counts in list(self._counts.items()):
            is_present = exists(pair[0]) and exists(pair[1])
            if not is_present or counts.is_one:
                del self._counts[pair]
            if is_present and counts.is_one:
                yield pair
