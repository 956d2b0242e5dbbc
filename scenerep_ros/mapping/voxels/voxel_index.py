"""Hash table from voxel coordinates to rows of arrays, vectorized over queries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Rows = NDArray[np.int32]

ABSENT = -1  # constant: no row
"""Row of a voxel that is not in the table."""
_BITS = 21  # constant: three coordinates fit into 63 bits
_OFFSET = 1 << (_BITS - 1)  # constant: makes the coordinates of a key non-negative
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
_MIN_LOG2_SIZE = 12  # constant: smallest table, 16 kB


def pack_keys(points: NDArray[np.float32], voxel_size: float) -> Keys:
    """Compute the key of the voxel around each point.

    Args:
        points: (n, 3) float32 [m], within a million voxels of the origin.
        voxel_size: side of a voxel [m].

    Returns:
        (n,) int64.

    >>> pack_keys(np.array([[0.01, 0, 0], [0.03, 0, 0]], np.float32), 0.02).tolist()
    [4611688217451692032, 4611692615498203136]
    """
    cells = np.floor(points * np.float32(1 / voxel_size)).astype(np.int64) + _OFFSET
    return (cells[:, 0] << (2 * _BITS)) | (cells[:, 1] << _BITS) | cells[:, 2]


def unpack_keys(keys: Keys) -> NDArray[np.int64]:
    """Return the integer coordinates (n, 3) of voxels."""
    mask = (1 << _BITS) - 1
    cells = np.stack([keys >> (2 * _BITS), (keys >> _BITS) & mask, keys & mask], axis=1)
    return cells - _OFFSET


class VoxelIndex:
    """Open-addressing hash table with linear probing (Fibonacci hashing).

    Rows are numbered in the order of insertion. Keys are never removed one by one; `rebuild`
    replaces all of them.
    """

    def __init__(self) -> None:
        self.rebuild(np.empty(0, np.int64))

    def __len__(self) -> int:
        return self._count

    @property
    def keys(self) -> Keys:
        """Key of each row (n,) int64."""
        return self._keys[: self._count]

    @property
    def memory_bytes(self) -> int:
        """Size of the table and the keys."""
        return int(self._table.nbytes + self._keys.nbytes)

    def rebuild(self, keys: Keys) -> None:
        """Replace the content by unique keys (n,), whose rows are 0 to n - 1."""
        self._count = 0
        self._keys = np.empty(max(len(keys), 1), np.int64)
        self._resize(len(keys))
        self._append(keys)

    def find(self, keys: Keys) -> Rows:
        """Return the row (n,) of each key, or ABSENT."""
        rows = np.full(len(keys), ABSENT, np.int32)
        pending = np.arange(len(keys))
        slots = self._hash(keys)
        # Numpy is faster with indices than with masks, and with `take` than with brackets.
        while len(pending):
            candidates = self._table.take(slots)
            occupied = np.flatnonzero(candidates != ABSENT)
            pending, candidates = pending.take(occupied), candidates.take(occupied)
            is_match = self._keys.take(candidates) == keys.take(pending)
            matches, others = np.flatnonzero(is_match), np.flatnonzero(~is_match)
            rows[pending.take(matches)] = candidates.take(matches)
            pending = pending.take(others)
            slots = (slots.take(occupied.take(others)) + 1) & self._mask
        return rows

    def insert(self, keys: Keys) -> Rows:
        """Append keys (n,) that are not in the table; return their new rows, equal for equal keys."""
        added, inverse = np.unique(keys, return_inverse=True)
        rows = (self._count + inverse).astype(np.int32)
        self._append(added)
        return rows

    def _append(self, keys: Keys) -> None:
        """Insert unique keys that are not in the table."""
        first, self._count = self._count, self._count + len(keys)
        if self._count > len(self._keys):
            grown = np.empty(max(self._count, 2 * len(self._keys)), np.int64)
            grown[:first] = self._keys[:first]
            self._keys = grown
        self._keys[first : self._count] = keys
        if 2 * self._count > len(self._table):
            self._resize(self._count)
            first = 0
        self._fill(np.arange(first, self._count, dtype=np.int32))

    def _resize(self, count: int) -> None:
        """Clear the table; it has four slots for each of `count` keys."""
        log2_size = max(_MIN_LOG2_SIZE, int(4 * count).bit_length())
        self._shift = np.uint64(64 - log2_size)
        self._mask = (1 << log2_size) - 1
        self._table = np.full(1 << log2_size, ABSENT, np.int32)

    def _fill(self, rows: Rows) -> None:
        """Enter rows into the table. Of rows that claim one slot, one gets it, others probe on."""
        slots = self._hash(self._keys[rows])
        while len(rows):
            is_free = self._table[slots] == ABSENT
            self._table[slots[is_free]] = rows[is_free]
            is_pending = self._table[slots] != rows
            rows, slots = rows[is_pending], (slots[is_pending] + 1) & self._mask

    def _hash(self, keys: Keys) -> NDArray[np.int64]:
        products = keys.view(np.uint64) * _MULTIPLIER
        return (products >> self._shift).view(np.int64)
