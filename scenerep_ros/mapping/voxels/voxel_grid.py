"""Sparse voxel map: mean point and color, number of hits and label votes of each occupied voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.voxels.label_votes import NO_OBJECT, LabelVotes
from scenerep_ros.mapping.voxels.voxel_index import ABSENT, Rows, VoxelIndex, pack_keys
from scenerep_ros.mapping.voxels.voxel_points import VoxelPoints

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_COLOR = slice(3, 6)
_INITIAL_ROWS = 4096  # constant: rows that are allocated first


@dataclass(frozen=True)
class VoxelGridConstants:
    """Tuned constants of the voxel map."""

    max_hits: int = tuned(
        20,
        "largest number of hits, which bounds how long a voxel resists carving",
        set_on="argument: as many as the votes of its label",
    )
    hits_per_carving: int = tuned(
        5,
        "hits that a voxel loses when it is seen to be free",
        set_on="argument: four observations of free space remove any voxel",
    )
    min_hits: int = tuned(
        2,
        "hits from which a voxel is part of the map that is reported",
        set_on="argument: stray depth at the rim of an object rarely hits a voxel twice",
    )
    dropped_ratio: float = tuned(
        0.1,
        "ratio of the voxels that are dropped when the map is full",
        set_on="argument: rare enough to cost no time on average",
    )
    max_free_ratio: float = tuned(
        0.25,
        "ratio of carved voxels above which their memory is reclaimed",
        set_on="argument: bounds the memory that carved voxels keep",
    )


CONSTANTS = VoxelGridConstants()


class VoxelGrid:
    """Occupied voxels of a scene.

    Args:
        voxel_size: side of a voxel [m].
        max_voxels: largest number of voxels. When it is reached, voxels that were not seen for long
            and are far from the camera are dropped.

    Attributes:
        dropped: number of voxels that were dropped so far.
    """

    def __init__(self, voxel_size: float, max_voxels: int) -> None:
        self.voxel_size = voxel_size
        self.dropped = 0
        self._max_voxels = max_voxels
        self._index = VoxelIndex()
        self._votes = LabelVotes()
        self._means = np.empty((0, 6), np.float32)
        self._hits = np.zeros(0, np.int16)
        self._last_seen = np.zeros(0, np.int32)
        self._first = np.zeros(0, np.int32)
        self._carving_position = 0

    def __len__(self) -> int:
        return len(self._index)

    @property
    def memory_bytes(self) -> int:
        """Size of all arrays."""
        arrays = (self._means, self._hits, self._last_seen, self._first)
        return (
            self._index.memory_bytes
            + self._votes.memory_bytes
            + sum(array.nbytes for array in arrays)
        )

    @property
    def is_full(self) -> bool:
        """Return whether the bound must be enforced."""
        return len(self) > self._max_voxels

    @property
    def largest_label(self) -> int:
        """Largest label of any voxel."""
        return int(self._votes.winners[: len(self)].max(initial=NO_OBJECT))

    def measure_labels(self) -> tuple[NDArray[np.int32], Floats]:
        """Return the number of voxels of each label (n,), without NO_OBJECT, and their mean (n, 3) [m]."""
        winners = self._votes.winners[: len(self)]
        rows = np.flatnonzero(winners > NO_OBJECT)
        labels, positions = winners[rows], self._means[rows, : _COLOR.start]
        counts = np.bincount(labels, minlength=1)
        sums = [np.bincount(labels, axis, minlength=1) for axis in positions.T]
        centers = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
        return counts.astype(np.int32), centers.astype(np.float32)

    def find(self, points: Floats) -> Rows:
        """Return the row (n,) of the voxel around each point (n, 3) [m]; ABSENT if it is free."""
        return self._occupied(self._index.find(pack_keys(points, self.voxel_size)))

    def find_or_insert(self, points: Floats) -> tuple[Rows, Rows]:
        """Return the rows (n,) of `find`, and the same rows with new ones in place of ABSENT."""
        keys = pack_keys(points, self.voxel_size)
        rows = self._index.find(keys)
        occupied = self._occupied(rows)
        is_new = rows == ABSENT
        rows[is_new] = self._index.insert(keys[is_new])
        self._allocate(len(self))
        return occupied, rows

    def _occupied(self, rows: Rows) -> Rows:
        if not len(self._hits):
            return rows.copy()
        return np.where(self._hits.take(rows) > 0, rows, np.int32(ABSENT))

    def labels_at(self, rows: Rows) -> NDArray[np.int32]:
        """Return the label (n,) of voxels, and ABSENT for rows that are ABSENT."""
        if not len(self):
            return np.full(len(rows), ABSENT, np.int32)
        return np.where(rows != ABSENT, self._votes.winners.take(rows), np.int32(ABSENT))

    def labels_near(self, points: Floats, max_voxels: int) -> NDArray[np.int32]:
        """Return the labels (m,) of voxels within a number of voxels of points (n, 3) along an axis."""
        steps = [step for step in range(-max_voxels, max_voxels + 1) if step]
        offsets = np.float32(self.voxel_size) * np.eye(3, dtype=np.float32)
        near = np.concatenate([points + step * offset for offset in offsets for step in steps])
        return np.unique(self.labels_at(self.find(near)))

    def add(self, rows: Rows, points: Floats, colors: Floats, frame_index: int) -> Rows:
        """Add the points of one frame; each voxel counts as hit once.

        Args:
            rows: (n,) rows of `find_or_insert`.
            points: (n, 3) float32 [m], world.
            colors: (n, 3) float32, RGB, 0..255.
            frame_index: number of the frame.

        Returns:
            (n,) int32, row of each point; ABSENT for points in a voxel of an earlier point.
        """
        # Take one point for each voxel.
        order = np.arange(len(rows), dtype=np.int32)
        self._first[rows[::-1]] = order[::-1]
        is_first = self._first.take(rows) == order
        index = np.flatnonzero(is_first)
        hit = rows.take(index)
        # Update the averages until they have the largest number of hits.
        self._last_seen[hit] = frame_index
        hits = self._hits.take(hit) + np.int16(1)
        # Numpy is faster with indices than with masks, and on weights that are repeated.
        is_open = np.flatnonzero(hits <= CONSTANTS.max_hits)
        hit, hits, index = hit.take(is_open), hits.take(is_open), index.take(is_open)
        self._hits[hit] = hits
        means = self._means.take(hit, axis=0)
        steps = np.concatenate([points.take(index, axis=0), colors.take(index, axis=0)], axis=1)
        steps -= means
        steps.ravel()[:] *= np.repeat(np.float32(1) / hits, steps.shape[1])
        self._means[hit] = means + steps
        return np.where(is_first, rows, np.int32(ABSENT))

    def vote(self, rows: Rows, labels: NDArray[np.int32]) -> None:
        """Add one vote for a label (m,) to each of some unique voxels (m,)."""
        self._votes.add(rows, labels)

    def relabel(self, table: NDArray[np.int32]) -> None:
        """Replace each label by its entry in a table; ABSENT removes the votes."""
        self._votes.relabel(table)

    def next_carving_rows(self, count: int) -> slice:
        """Return the next rows to test for free space; successive calls visit all voxels in turn."""
        start = self._carving_position if self._carving_position < len(self) else 0
        self._carving_position = start + count
        return slice(start, min(start + count, len(self)))

    def positions(self, rows: Rows | slice) -> Floats:
        """Return the mean points (m, 3) of voxels [m]."""
        return self._means[rows, : _COLOR.start]

    def is_occupied(self, rows: Rows | slice) -> Mask:
        """Return which voxels (m,) are not carved."""
        return np.asarray(self._hits[rows] > 0)

    def carve(self, rows: Rows) -> NDArray[np.int32]:
        """Lower the hits of voxels that are seen to be free, and remove those without hits.

        Args:
            rows: (m,) unique, occupied voxels.

        Returns:
            Labels (k,) of the removed voxels.
        """
        hits = self._hits[rows] - CONSTANTS.hits_per_carving
        self._hits[rows] = np.maximum(hits, 0)
        removed = rows[hits <= 0]
        labels = self._votes.winners[removed]
        self._votes.clear(removed)
        self._means[removed] = 0
        return labels

    def enforce_bound(self, camera: Floats) -> None:
        """Reclaim carved voxels, and drop the oldest and farthest ones if there are too many.

        Age and distance are ranked, and the voxels with the largest sum of ranks are dropped.

        Args:
            camera: (3,) position of the camera [m].
        """
        count = len(self)
        rows = np.flatnonzero(self._hits[:count] > 0).astype(np.int32)
        if self.is_full or count - len(rows) > CONSTANTS.max_free_ratio * count:
            self._keep(rows)
            rows = np.arange(len(rows), dtype=np.int32)
        if len(rows) <= self._max_voxels:
            return
        kept_count = round((1 - CONSTANTS.dropped_ratio) * self._max_voxels)
        distance = np.linalg.norm(self.positions(rows) - camera, axis=1)
        rank = _ranks(distance) + _ranks(-self._last_seen[rows])
        kept = np.argpartition(rank, kept_count)[:kept_count]
        self.dropped += len(rows) - kept_count
        self._keep(rows[np.sort(kept)])

    def points(self, min_hits: int = CONSTANTS.min_hits) -> VoxelPoints:
        """Return the occupied voxels with enough hits."""
        rows = np.flatnonzero(self._hits[: len(self)] >= min_hits)
        means = self._means[rows]
        return VoxelPoints(
            means[:, : _COLOR.start],
            np.rint(means[:, _COLOR]).clip(0, 255).astype(np.uint8),
            self._votes.winners[rows],
        )

    def restore(self, points: VoxelPoints) -> None:
        """Replace the content by the points of a saved map, one voxel each."""
        keys, first = np.unique(pack_keys(points.positions, self.voxel_size), return_index=True)
        self._index.rebuild(keys)
        count = len(keys)
        self._means = np.concatenate(
            [points.positions[first], points.colors[first].astype(np.float32)], axis=1
        ).astype(np.float32)
        self._hits = np.full(count, CONSTANTS.max_hits, np.int16)
        self._last_seen, self._first = np.zeros(count, np.int32), np.zeros(count, np.int32)
        self._votes.resize(count)
        self._votes.set(np.arange(count, dtype=np.int32), points.labels[first].astype(np.int32))

    def _allocate(self, count: int) -> None:
        if count <= len(self._hits):
            return
        size = max(_INITIAL_ROWS, count + count // 2)
        used = len(self._hits)
        means, hits, seen = self._means, self._hits, self._last_seen
        self._means = np.zeros((size, 6), np.float32)
        self._hits, self._last_seen = np.zeros(size, np.int16), np.zeros(size, np.int32)
        self._means[:used], self._hits[:used], self._last_seen[:used] = means, hits, seen
        self._first = np.zeros(size, np.int32)
        self._votes.extend(size)

    def _keep(self, rows: Rows) -> None:
        """Remove all other voxels."""
        self._index.rebuild(self._index.keys[rows])
        self._means, self._hits = self._means[rows], self._hits[rows]
        self._last_seen, self._first = self._last_seen[rows], self._first[rows]
        self._votes.keep(rows)


def _ranks(values: NDArray) -> NDArray[np.float64]:
    """Return the rank of each value, from 0 to 1."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.linspace(0, 1, len(values))
    return ranks
