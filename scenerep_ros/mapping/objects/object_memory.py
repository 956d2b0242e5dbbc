"""Objects of the map: creation, confirmation, merging, disappearance, and bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import MAX_ID
from scenerep_ros.mapping.objects.feature_space import FeatureSpace
from scenerep_ros.mapping.objects.object_record import ObjectRecord
from scenerep_ros.mapping.objects.pair_evidence import PairEvidence
from scenerep_ros.mapping.objects.rediscovery import find_again
from scenerep_ros.mapping.voxels.voxel_index import ABSENT

Floats = NDArray[np.float32]
Table = NDArray[np.int32]

_NS_PER_S = 1e9  # constant: unit


@dataclass(frozen=True)
class ObjectMemoryConstants:
    """Tuned constants of the life of objects in the map."""

    min_views: int = tuned(
        3,
        "number of frames that must show a segment before it is an object",
        set_on="argument: segments that flicker are rarely at one place three times",
    )
    min_separate_views: int = tuned(
        2,
        "number of frames that suffice if no other frame shows the place and they are separate",
        set_on="patrols of seeds 1 and 22, own masks: at 3 Hz an object may be in view twice",
    )
    min_separation_s: float = tuned(
        0.25,
        "time between the first and the last frame from which they are separate views",
        unit="s",
        set_on="argument: eight frames at 30 Hz, which flicker rarely spans",
    )
    min_voxels: int = tuned(
        8,
        "number of voxels of the smallest object",
        set_on="argument: a cube with a side of two voxels",
    )
    min_gone_ratio: float = tuned(
        0.5,
        "ratio of an object's voxels that must be seen free before it counts as gone",
        set_on="argument: the majority",
    )
    max_track_gap: int = tuned(
        5,
        "number of frames without the object after which its track is broken",
        set_on="argument: a sixth of a second at 30 Hz",
    )
    max_idle_frames: int = tuned(
        60,
        "number of frames after which a segment that did not become an object is forgotten",
        set_on="argument: two seconds at 30 Hz",
    )


CONSTANTS = ObjectMemoryConstants()


class ObjectMemory:
    """All objects of a map.

    Args:
        max_objects: largest number of objects.

    Attributes:
        records: records by key.
        features: similarity of features.
        pairs: evidence on pairs of objects.
        dropped: number of objects that were dropped because there were too many.
    """

    def __init__(self, max_objects: int) -> None:
        self.records: dict[int, ObjectRecord] = {}
        self.features = FeatureSpace()
        self.pairs = PairEvidence()
        self.dropped = 0
        self._max_objects = max_objects
        self._last_key = 0
        self._last_id = 0

    @property
    def reported_count(self) -> int:
        """Number of objects that are part of the map."""
        return sum(record.is_reported for record in self.records.values())

    @property
    def memory_bytes(self) -> int:
        """Size of the features."""
        return sum(record.feature.nbytes for record in self.records.values())

    def create(
        self, feature: Floats, track_id: int, frame_index: int, stamp_ns: int
    ) -> ObjectRecord:
        """Add a segment that may become an object."""
        self._last_key += 1
        record = ObjectRecord(
            self._last_key, feature, stamp_ns, stamp_ns, frame_index, frame_index, track_id=track_id
        )
        self.records[record.key] = record
        return record

    def restore(self, records: Iterable[ObjectRecord]) -> None:
        """Replace all objects by those of a saved map."""
        self.records = {record.key: record for record in records}
        self._last_key = max(self.records, default=0)
        self._last_id = max((record.id for record in self.records.values()), default=0)
        self.pairs = PairEvidence()
        self.features.observe(self.features_of(self.records))

    def discard_features(self, channels: int) -> None:
        """Discard the features of all objects, as another network computes features from now on.

        The next view of an object sets its feature; until then, it is associated by its place.

        Args:
            channels: number of channels of the new features, C.
        """
        self.features = FeatureSpace()
        for record in self.records.values():
            record.feature = np.zeros(channels, np.float32)

    def features_of(self, keys: Iterable[int]) -> Floats:
        """Return the mean features (M, C) of objects."""
        return np.array([self.records[key].feature for key in keys], np.float32)

    def tracked(self, frame_index: int) -> dict[int, ObjectRecord]:
        """Return the objects that the tracker has followed up to this frame, by its ids."""
        first = frame_index - CONSTANTS.max_track_gap
        return {
            item.track_id: item
            for item in self.records.values()
            if item.track_id and first <= item.last_frame < frame_index
        }

    def count_carved(self, labels: Table) -> None:
        """Count voxels that were seen free, by their labels (k,)."""
        keys, counts = np.unique(labels, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            if key in self.records:
                self.records[key].carved_count += count

    def refresh(self, counts: Table, centers: Floats, frame_index: int) -> Table | None:
        """Update the state of all objects from the voxel map.

        Args:
            counts: (n,) number of voxels of each key.
            centers: (n, 3) mean of the voxels of each key [m].
            frame_index: number of the frame.

        Returns:
            (m,) int32, new key of each key, for `VoxelGrid.relabel`; None without a change.
        """
        for record in self.records.values():
            record.measure(counts, centers)
        table = np.arange(max(self._last_key + 1, len(counts)), dtype=np.int32)
        self._forget(table, frame_index)
        self._merge(table)
        self._confirm()
        self._rediscover(table)
        self._enforce_bound(table)
        is_changed = (table != np.arange(len(table))).any()
        return _resolved(table) if is_changed else None

    def _forget(self, table: Table, frame_index: int) -> None:
        """Mark objects whose place is empty as gone until they return, and remove what is no object."""
        for record in list(self.records.values()):
            if not record.id:
                is_small = record.voxel_count < CONSTANTS.min_voxels
                if is_small and frame_index - record.last_frame > CONSTANTS.max_idle_frames:
                    self._remove(record, table)
            elif record.has_disappeared:
                min_carved = CONSTANTS.min_gone_ratio * record.peak_count
                record.is_gone = record.is_gone or record.carved_count >= min_carved
                if not record.is_gone:
                    self._remove(record, table)
            elif record.is_gone:
                record.is_gone, record.carved_count = False, 0

    def _merge(self, table: Table) -> None:
        """Merge pairs that more frames show as one than as two; the older id remains."""
        for keys in self.pairs.merged_pairs(self.records.__contains__):
            pair = [self.records[key] for key in keys]
            absorbed, kept = sorted(pair, key=lambda item: (bool(item.id), -item.id))
            kept.absorb(absorbed)
            self._replace(absorbed, kept, table)

    def _confirm(self) -> None:
        """Give ids to segments that enough frames have shown."""
        for record in self.records.values():
            is_large = record.voxel_count >= CONSTANTS.min_voxels
            if not record.id and is_large and _is_shown_often(record):
                record.id = self._next_id()

    def _rediscover(self, table: Table) -> None:
        """Let objects that are found at another place continue those that have gone."""
        for gone in [record for record in self.records.values() if record.is_gone]:
            again = find_again(gone, self.records.values(), self.features)
            if again is not None:
                again.continue_object(gone)
                self._replace(gone, again, table)

    def _enforce_bound(self, table: Table) -> None:
        """Remove the objects that were not seen for longest; segments before objects."""
        excess = len(self.records) - self._max_objects
        if excess <= 0:
            return
        order = sorted(self.records.values(), key=lambda item: (bool(item.id), item.last_frame))
        for record in order[:excess]:
            self.dropped += bool(record.id)
            self._remove(record, table)

    def _replace(self, record: ObjectRecord, other: ObjectRecord, table: Table) -> None:
        table[record.key] = other.key
        del self.records[record.key]

    def _remove(self, record: ObjectRecord, table: Table) -> None:
        table[record.key] = ABSENT
        del self.records[record.key]

    def _next_id(self) -> int:
        """Next id that no object has; after MAX_ID the ids start again at 1."""
        used = {record.id for record in self.records.values()}
        self._last_id = self._last_id % MAX_ID + 1
        while self._last_id in used:
            self._last_id = self._last_id % MAX_ID + 1
        return self._last_id


def _is_shown_often(record: ObjectRecord) -> bool:
    """Return whether enough frames, or frames that are separate in time, have shown a segment."""
    duration_s = (record.last_seen_ns - record.first_seen_ns) / _NS_PER_S
    is_separate = (
        duration_s >= CONSTANTS.min_separation_s and record.view_count == record.visible_count
    )
    min_views = CONSTANTS.min_separate_views if is_separate else CONSTANTS.min_views
    return record.view_count >= min_views


def _resolved(table: Table) -> Table:
    """Follow chains of replaced keys to their end."""
    for _ in range(len(table)):
        following = np.where(table >= 0, table[np.maximum(table, 0)], ABSENT).astype(np.int32)
        if (following == table).all():
            break
        table = following
    return table
