"""Objects of the map: creation, identity, merging, disappearance, and bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import MAX_ID
from scenerep_ros.mapping.voxel_index import ABSENT

Floats = NDArray[np.float32]
Table = NDArray[np.int32]


@dataclass(frozen=True)
class ObjectMemoryConstants:
    """Tuned constants of the life of objects in the map."""

    min_views: int = tuned(
        3,
        "number of frames that must show a segment before it is an object",
        set_on="argument: segments that flicker are rarely at one place three times",
    )
    min_voxels: int = tuned(
        8,
        "number of voxels of the smallest object",
        set_on="argument: a cube with a side of two voxels",
    )
    min_confidence: float = tuned(
        0.3,
        "confidence below which an object is not reported",
        set_on="argument: two views in three do not show it as one segment",
    )
    max_feature_views: int = tuned(
        50,
        "number of frames over which features are averaged",
        set_on="argument: follows slow changes of light",
    )
    min_gone_ratio: float = tuned(
        0.5,
        "ratio of an object's voxels that must be seen free before it counts as gone",
        set_on="argument: the majority",
    )
    max_remaining_ratio: float = tuned(
        0.2,
        "ratio of an object's voxels up to which it has disappeared",
        set_on="argument: voxels at the contact line are never seen free",
    )
    min_moved_similarity: float = tuned(
        0.5,
        "similarity of features from which an object that appears is one that has gone",
        set_on="argument: features are centered, so different objects are at 0 on average",
    )
    min_similarity_margin: float = tuned(
        0.1,
        "lead over the second most similar object from which a feature is unique",
        set_on="argument: twice the deviation of an object's similarity between views",
    )
    min_track_similarity: float = tuned(
        0.3,
        "similarity of features from which a track carries an object to another place",
        set_on="argument: the tracker has verified the rest",
    )
    max_track_gap: int = tuned(
        5,
        "number of frames without the object after which its track is broken",
        set_on="argument: a sixth of a second at 30 Hz",
    )
    min_merge_views: int = tuned(
        5,
        "number of frames that must show two objects as one before they are merged",
        set_on="argument: more than the views that created them",
    )
    max_idle_frames: int = tuned(
        60,
        "number of frames after which a segment that did not become an object is forgotten",
        set_on="argument: two seconds at 30 Hz",
    )
    min_moved_distance_m: float = tuned(
        0.1,
        "distance between the places of an object from which it counts as moved",
        unit="m",
        set_on="argument: drift of poses and change of the visible side",
    )


CONSTANTS = ObjectMemoryConstants()


@dataclass
class ObjectRecord:
    """One object, or a segment that may become one.

    Attributes:
        key: label in the voxel map.
        feature: (C,) float32, mean feature.
        first_seen_ns: stamp of the first frame [ns].
        last_seen_ns: stamp of the last frame [ns].
        first_frame: number of the first frame.
        last_frame: number of the last frame.
        id: public id; 0 before enough frames have shown it.
        view_count: number of frames that showed it as one segment.
        visible_count: number of frames that showed its place.
        track_id: id of the tracker in the last frame.
        voxel_count: number of voxels at the last refresh.
        peak_count: largest number of voxels so far at its present place.
        carved_count: number of its voxels that were seen free.
        center: (3,) mean of its voxels at the last refresh [m]; None before.
        is_gone: its place is seen to be empty.
        moved_from: (3,) center before it was moved [m], or None.
    """

    key: int
    feature: Floats
    first_seen_ns: int
    last_seen_ns: int
    first_frame: int
    last_frame: int
    id: int = 0
    view_count: int = 1
    visible_count: int = 1
    track_id: int = 0
    voxel_count: int = 0
    peak_count: int = 0
    carved_count: int = 0
    center: Floats | None = None
    is_gone: bool = False
    moved_from: Floats | None = None

    @property
    def confidence(self) -> float:
        """Mean of the posterior of the ratio of views that show one segment, uniform prior."""
        return (self.view_count + 1) / (self.visible_count + 2)

    @property
    def is_reported(self) -> bool:
        """Return whether the object is part of the map."""
        return bool(self.id and not self.is_gone and self.confidence >= CONSTANTS.min_confidence)

    def see(self, feature: Floats, track_id: int, frame_index: int, stamp_ns: int) -> None:
        """Record one more frame that shows the object as one segment."""
        self.view_count += 1
        weight = 1 / min(self.view_count, CONSTANTS.max_feature_views)
        self.feature = (1 - weight) * self.feature + weight * feature
        self.track_id, self.last_frame, self.last_seen_ns = track_id, frame_index, stamp_ns


@dataclass
class _PairEvidence:
    """Number of frames that show two objects as one segment, and as two."""

    together: int = 0
    apart: int = 0


@dataclass
class ObjectMemory:
    """All objects of a map.

    Attributes:
        max_objects: largest number of objects.
        records: records by key.
        dropped: number of objects that were dropped because there were too many.
    """

    max_objects: int
    records: dict[int, ObjectRecord] = field(default_factory=dict)
    dropped: int = 0
    _last_key: int = 0
    _last_id: int = 0
    _mean: Floats | None = None
    _mean_weight: int = 0
    _pairs: dict[tuple[int, int], _PairEvidence] = field(default_factory=dict)

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
        self._pairs = {}
        if self.records:
            self.observe_features(np.stack([item.feature for item in self.records.values()]))

    def observe_features(self, features: Floats) -> None:
        """Update the mean (C,) of all features by those (K, C) of a frame."""
        if not len(features):
            return
        self._mean_weight += len(features)
        mean = features.mean(axis=0) if self._mean is None else self._mean
        self._mean = mean + len(features) / self._mean_weight * (features.mean(axis=0) - mean)

    def similarity(self, first: Floats, second: Floats) -> Floats:
        """Return the cosine (K, M) of features (K, C) and (M, C) without their common mean."""
        if not len(first) or not len(second):
            return np.zeros((len(first), len(second)), np.float32)
        mean = np.float32(0) if self._mean is None else self._mean
        return np.asarray(_unit(first - mean) @ _unit(second - mean).T, np.float32)

    def features(self, keys: Iterable[int]) -> Floats:
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

    def observe_pair(self, first: int, second: int, is_together: bool) -> None:
        """Record a frame that shows two objects as one segment, or as two.

        Frames that show two count from the first frame on that shows one.
        """
        pair = min(first, second), max(first, second)
        if is_together:
            self._pairs.setdefault(pair, _PairEvidence()).together += 1
        elif pair in self._pairs:
            self._pairs[pair].apart += 1

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
            _measure(record, counts, centers)
        table = np.arange(max(self._last_key + 1, len(counts)), dtype=np.int32)
        self._forget(table, frame_index)
        self._merge(table)
        self._confirm(table)
        self._enforce_bound(table)
        is_changed = (table != np.arange(len(table))).any()
        return _resolved(table) if is_changed else None

    def _forget(self, table: Table, frame_index: int) -> None:
        """Mark objects whose place is empty as gone, and remove what is no object."""
        for record in list(self.records.values()):
            has_gone = record.carved_count >= CONSTANTS.min_gone_ratio * record.peak_count
            is_small = record.voxel_count < CONSTANTS.min_voxels
            if not record.id:
                idle = frame_index - record.last_frame
                if is_small and idle > CONSTANTS.max_idle_frames:
                    self._remove(record, table)
            elif record.voxel_count < CONSTANTS.max_remaining_ratio * record.peak_count:
                if has_gone or record.is_gone:
                    record.is_gone = True
                else:
                    self._remove(record, table)

    def _merge(self, table: Table) -> None:
        """Merge pairs that more frames show as one than as two; the older id remains."""
        for (first, second), evidence in list(self._pairs.items()):
            if first not in self.records or second not in self.records:
                del self._pairs[first, second]
                continue
            is_one = evidence.together > 2 * evidence.apart
            if is_one and evidence.together >= CONSTANTS.min_merge_views:
                pair = self.records[first], self.records[second]
                absorbed, kept = sorted(pair, key=lambda item: (bool(item.id), -item.id))
                self._absorb(kept, absorbed, table)
                del self._pairs[first, second]

    def _absorb(self, kept: ObjectRecord, absorbed: ObjectRecord, table: Table) -> None:
        kept.voxel_count += absorbed.voxel_count
        kept.peak_count = max(kept.peak_count, kept.voxel_count)
        kept.last_frame = max(kept.last_frame, absorbed.last_frame)
        kept.first_seen_ns = min(kept.first_seen_ns, absorbed.first_seen_ns)
        kept.last_seen_ns = max(kept.last_seen_ns, absorbed.last_seen_ns)
        table[absorbed.key] = kept.key
        del self.records[absorbed.key]

    def _confirm(self, table: Table) -> None:
        """Give ids to new objects: that of an object that has gone, if it is found again."""
        for record in list(self.records.values()):
            is_object = (
                record.view_count >= CONSTANTS.min_views
                and record.voxel_count >= CONSTANTS.min_voxels
            )
            if record.id or not is_object:
                continue
            record.id = self._next_id()
        for gone in [record for record in self.records.values() if record.is_gone]:
            found = self._find_again(gone)
            if found is not None:
                self._move(gone, found, table)

    def _find_again(self, gone: ObjectRecord) -> ObjectRecord | None:
        """Return the object that appeared after another one was last seen, if it looks unique."""
        others = [item for item in self.records.values() if item.id and item is not gone]
        if not others:
            return None
        keys = [item.key for item in others]
        similarity = self.similarity(gone.feature[None], self.features(keys))[0]
        order = np.argsort(-similarity)
        best = others[order[0]]
        second = similarity[order[1]] if len(order) > 1 else -1.0
        is_unique = similarity[order[0]] - second >= CONSTANTS.min_similarity_margin
        is_similar = similarity[order[0]] >= CONSTANTS.min_moved_similarity
        is_new = best.first_frame >= gone.last_frame and not best.is_gone
        return best if is_unique and is_similar and is_new else None

    def _move(self, gone: ObjectRecord, found: ObjectRecord, table: Table) -> None:
        """Let an object that was found again continue the one that had gone."""
        found.moved_from = gone.center if gone.moved_from is None else gone.moved_from
        found.id = gone.id
        found.first_seen_ns, found.first_frame = gone.first_seen_ns, gone.first_frame
        table[gone.key] = found.key
        del self.records[gone.key]

    def _enforce_bound(self, table: Table) -> None:
        """Remove the objects that were not seen for longest; segments before objects."""
        excess = len(self.records) - self.max_objects
        if excess <= 0:
            return
        order = sorted(self.records.values(), key=lambda item: (bool(item.id), item.last_frame))
        for record in order[:excess]:
            self.dropped += bool(record.id)
            self._remove(record, table)

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


def _measure(record: ObjectRecord, counts: Table, centers: Floats) -> None:
    count = int(counts[record.key]) if record.key < len(counts) else 0
    record.voxel_count = count
    if count >= CONSTANTS.max_remaining_ratio * record.peak_count and count:
        record.center = centers[record.key]
    record.peak_count = max(record.peak_count, count)


def _resolved(table: Table) -> Table:
    """Follow chains of replaced keys to their end."""
    for _ in range(len(table)):
        following = np.where(table >= 0, table[np.maximum(table, 0)], ABSENT).astype(np.int32)
        if (following == table).all():
            break
        table = following
    return table


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-6), np.float32)
