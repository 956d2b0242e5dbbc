"""Votes of frames on the object of each voxel, in constant memory.

A voxel keeps the counts of its most frequent labels by the summary of Misra and Gries ("Finding
repeated elements", 1982): a label without a counter takes a free one, or else lowers all. Counts are
bounded, so a label that is seen consistently replaces another one after a bounded number of frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.voxels.voxel_index import Rows

Labels = NDArray[np.int32]
Counts = NDArray[np.int16]

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
    object_weight: int = tuned(
        2,
        "votes of a frame that shows an object, against 1 of a frame that shows structure",
        set_on="patrols of seeds 1 and 22, own masks: an object is missed more often than invented",
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
        self._columns = np.zeros(count, np.int8)
        self._is_settled = np.zeros(count, np.bool_)

    def extend(self, count: int) -> None:
        """Append voxels without votes up to a number of voxels."""
        labels, counts, winners = self.labels, self.counts, self.winners
        columns, is_settled = self._columns, self._is_settled
        self.resize(count)
        self.labels[: len(labels)], self.counts[: len(labels)] = labels, counts
        self.winners[: len(labels)] = winners
        self._columns[: len(labels)], self._is_settled[: len(labels)] = columns, is_settled

    def keep(self, rows: Rows) -> None:
        """Keep the votes of some voxels, in their order."""
        self.labels, self.counts = self.labels[rows], self.counts[rows]
        self.winners = self.winners[rows]
        self._columns, self._is_settled = self._columns[rows], self._is_settled[rows]

    def clear(self, rows: Rows) -> None:
        """Remove all votes of some voxels."""
        self.counts[rows] = 0
        self.winners[rows] = NO_OBJECT
        self._is_settled[rows] = False

    def add(self, rows: Rows, labels: Labels) -> None:
        """Add the votes of one frame: `object_weight` for an object, 1 for structure.

        Args:
            rows: (m,) unique voxels.
            labels: (m,) int32, label that each votes for.
        """
        weights = np.where(labels == NO_OBJECT, 1, CONSTANTS.object_weight).astype(np.int16)
        counters = rows * np.int32(CONSTANTS.counter_count) + self._columns.take(rows)
        counts = self.counts.ravel()
        largest = counts.take(counters)
        # 1. First votes take the first counter. Numpy is faster with indices than with masks.
        is_first = largest == 0
        is_agreed = ~is_first & (self.winners.take(rows) == labels)
        is_settled = is_agreed & self._is_settled.take(rows)
        first = np.flatnonzero(is_first)
        self._add_first(rows.take(first), labels.take(first), weights.take(first))
        # 2. Votes for the winner raise its count, up to the bound.
        is_raised = is_agreed & (largest < CONSTANTS.max_count)
        raised = np.flatnonzero(is_raised)
        sums = largest.take(raised) + weights.take(raised)
        counts[counters.take(raised)] = np.minimum(sums, CONSTANTS.max_count)
        # 3. Votes for the only label of a voxel change nothing at the bound; others change counts.
        rest = np.flatnonzero(~(is_first | is_raised | is_settled))
        self._add_to_counters(rows.take(rest), labels.take(rest), weights.take(rest))

    def _add_first(self, rows: Rows, labels: Labels, weights: Counts) -> None:
        self.labels[rows, 0], self.counts[rows, 0] = labels, weights
        self.winners[rows], self._columns[rows] = labels, 0

    def _add_to_counters(self, rows: Rows, labels: Labels, weights: Counts) -> None:
        """Add votes for other labels than the winner, or at the bound of its count."""
        known, counts = self.labels[rows], self.counts[rows]
        is_same = (known == labels[:, None]) & (counts > 0)
        is_counted = is_same.any(axis=1)
        column = np.where(is_counted, is_same.argmax(axis=1), counts.argmin(axis=1))
        at = np.arange(len(rows)), column
        # Labels with a counter raise it; at the bound they lower the others.
        is_full = is_counted & (counts[at] >= CONSTANTS.max_count)
        has_room = is_counted | (counts[at] == 0)
        counts -= ((is_full | ~has_room) * weights)[:, None]
        np.maximum(counts, 0, out=counts)
        # Other labels take a free counter.
        known[at] = np.where(has_room, labels, known[at])
        counts[at] += has_room * weights
        np.minimum(counts, CONSTANTS.max_count, out=counts)
        self.labels[rows], self.counts[rows] = known, counts
        best = counts.argmax(axis=1)
        largest = counts.max(axis=1)
        self.winners[rows], self._columns[rows] = known[np.arange(len(rows)), best], best
        self._is_settled[rows] = (largest == CONSTANTS.max_count) & (counts.sum(axis=1) == largest)

    def set(self, rows: Rows, labels: Labels) -> None:
        """Replace the votes of some voxels by a full count of one label each."""
        self.counts[rows] = 0
        self.labels[rows, 0], self.counts[rows, 0] = labels, CONSTANTS.max_count
        self.winners[rows], self._columns[rows] = labels, 0

    def relabel(self, table: Labels) -> None:
        """Replace each label by its entry in a table; the counts of equal labels add up.

        Args:
            table: new label of each label (largest label + 1,); ABSENT removes the votes.
        """
        is_changed = table != np.arange(len(table))
        rows = np.flatnonzero(is_changed[self.labels].any(axis=1))
        labels, counts = table[self.labels[rows]], self.counts[rows]
        counts[labels < 0] = 0
        np.maximum(labels, NO_OBJECT, out=labels)
        for first, second in combinations(range(CONSTANTS.counter_count), 2):
            is_equal = labels[:, first] == labels[:, second]
            counts[:, first] += np.where(is_equal, counts[:, second], 0)
            counts[is_equal, second] = 0
        np.minimum(counts, CONSTANTS.max_count, out=counts)
        self.labels[rows], self.counts[rows], self._is_settled[rows] = labels, counts, False
        best, order = counts.argmax(axis=1), np.arange(len(rows))
        self._columns[rows] = best
        self.winners[rows] = np.where(counts[order, best] > 0, labels[order, best], NO_OBJECT)

    @property
    def memory_bytes(self) -> int:
        """Size of all arrays."""
        arrays = (self.labels, self.counts, self.winners, self._columns, self._is_settled)
        return int(sum(array.nbytes for array in arrays))
