"""Votes of frames on the object of each voxel, in constant memory.

A voxel keeps the counts of its most frequent labels by the summary of Misra and Gries ("Finding
repeated elements", 1982): a label without a counter takes a free one, or else lowers all. Counts are
bounded, so a label that is seen consistently replaces another one after a bounded number of frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.voxels.voxel_index import Rows

Labels = NDArray[np.int32]

NO_OBJECT = 0  # constant: label of structure and of voxels without a vote


@dataclass(frozen=True)
class LabelVoteConstants:
    """Tuned constants of label votes."""

    counter_count: int = tuned(
        3,
        "number of labels that a voxel counts",
        set_on="argument: two objects that touch, and structure",
    )
    max_count: int = tuned(
        20,
        "largest count, after which votes lower the other labels instead",
        set_on="argument: two thirds of a second at 30 Hz of a changed segmentation decide anew",
    )


CONSTANTS = LabelVoteConstants()


class LabelVotes:
    """Counts of the most frequent labels of each voxel.

    Attributes:
        labels: (n, k) int32, labels that are counted.
        counts: (n, k) int16, their counts; 0 = free counter.
        winners: (n,) int32, label with the largest count.
    """

    def __init__(self) -> None:
        self.resize(0)

    def resize(self, count: int) -> None:
        """Clear all votes, for a number of voxels."""
        shape = (count, CONSTANTS.counter_count)
        self.labels = np.zeros(shape, np.int32)
        self.counts = np.zeros(shape, np.int16)
        self.winners = np.zeros(count, np.int32)
        self._is_settled = np.zeros(count, np.bool_)

    def extend(self, count: int) -> None:
        """Append voxels without votes up to a number of voxels."""
        labels, counts, winners = self.labels, self.counts, self.winners
        is_settled = self._is_settled
        self.resize(count)
        self.labels[: len(labels)], self.counts[: len(labels)] = labels, counts
        self.winners[: len(labels)] = winners
        self._is_settled[: len(labels)] = is_settled

    def keep(self, rows: Rows) -> None:
        """Keep the votes of some voxels, in their order."""
        self.labels, self.counts = self.labels[rows], self.counts[rows]
        self.winners, self._is_settled = self.winners[rows], self._is_settled[rows]

    def clear(self, rows: Rows) -> None:
        """Remove all votes of some voxels."""
        self.counts[rows] = 0
        self.winners[rows] = NO_OBJECT
        self._is_settled[rows] = False

    def add(self, rows: Rows, labels: Labels) -> None:
        """Add one vote to each of some voxels.

        Args:
            rows: (m,) unique voxels.
            labels: (m,) int32, label that each votes for.
        """
        # Votes for the only label of a voxel change nothing once its count is at the bound.
        has_effect = ~self._is_settled[rows] | (self.winners[rows] != labels)
        rows, labels = rows[has_effect], labels[has_effect]
        known, counts = self.labels[rows], self.counts[rows]
        is_same = (known == labels[:, None]) & (counts > 0)
        is_counted = is_same.any(axis=1)
        column = np.where(is_counted, is_same.argmax(axis=1), counts.argmin(axis=1))
        at = np.arange(len(rows)), column
        # Labels with a counter raise it; at the bound they lower the others.
        is_full = is_counted & (counts[at] >= CONSTANTS.max_count)
        has_room = is_counted | (counts[at] == 0)
        counts -= (is_full | ~has_room)[:, None].astype(np.int16)
        np.maximum(counts, 0, out=counts)
        # Other labels take a free counter.
        known[at] = np.where(has_room, labels, known[at])
        counts[at] += has_room.astype(np.int16)
        self.labels[rows], self.counts[rows] = known, counts
        self.winners[rows] = known[np.arange(len(rows)), counts.argmax(axis=1)]
        largest = counts.max(axis=1)
        self._is_settled[rows] = (largest == CONSTANTS.max_count) & (counts.sum(axis=1) == largest)

    def set(self, rows: Rows, labels: Labels) -> None:
        """Replace the votes of some voxels by a full count of one label each."""
        self.counts[rows] = 0
        self.labels[rows, 0], self.counts[rows, 0] = labels, CONSTANTS.max_count
        self.winners[rows] = labels

    def relabel(self, table: Labels) -> None:
        """Replace each label by its entry in a table; the counts of equal labels add up.

        Args:
            table: new label of each label (largest label + 1,); ABSENT removes the votes.
        """
        labels = table[self.labels]
        self.counts[labels < 0] = 0
        self.labels = np.maximum(labels, NO_OBJECT)
        for first in range(CONSTANTS.counter_count):
            for second in range(first + 1, CONSTANTS.counter_count):
                is_equal = self.labels[:, first] == self.labels[:, second]
                moved = self.counts[is_equal, second]
                self.counts[is_equal, first] += moved
                self.counts[is_equal, second] = 0
        np.minimum(self.counts, CONSTANTS.max_count, out=self.counts)
        self._is_settled[:] = False
        rows = np.arange(len(self.labels))
        best = self.counts.argmax(axis=1)
        self.winners = np.where(self.counts[rows, best] > 0, self.labels[rows, best], NO_OBJECT)

    @property
    def memory_bytes(self) -> int:
        """Size of all arrays."""
        arrays = (self.labels, self.counts, self.winners, self._is_settled)
        return int(sum(array.nbytes for array in arrays))
