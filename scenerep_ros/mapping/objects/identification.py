"""Identification of the segments of a frame: objects of the map, or new ones."""

from __future__ import annotations

from collections.abc import Callable, Container, Set
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.objects.association import FrameSegments, Overlaps, assign_by_place
from scenerep_ros.mapping.objects.object_memory import ObjectMemory
from scenerep_ros.mapping.objects.object_record import ObjectRecord
from scenerep_ros.mapping.objects.rediscovery import CONSTANTS as REDISCOVERY_CONSTANTS

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class IdentificationConstants:
    """Tuned constants of the identification of segments."""

    min_track_similarity: float = tuned(
        0.3,
        "similarity of features from which a track carries an object to another place",
        set_on="argument: the tracker has verified the rest",
    )
    min_absorbed_ratio: float = tuned(
        0.5,
        "ratio of an object's visible points in another one's segment that shows both as one",
        set_on="argument: the majority",
    )


CONSTANTS = IdentificationConstants()


def identify_segments(
    memory: ObjectMemory,
    segments: FrameSegments,
    overlaps: Overlaps,
    touched_keys: Callable[[int], Container[int]],
    frame_index: int,
    stamp_ns: int,
) -> list[ObjectRecord]:
    """Return the record of each segment, updated by this frame; segments without one create it.

    A segment is first compared with the objects at its place, then with the object of its track, with
    those that it contains, and with those that it continues.

    Args:
        memory: objects of the map.
        segments: segments of the frame.
        overlaps: their overlaps with the objects of the map.
        touched_keys: returns the keys of the objects that the segment of an index touches.
        frame_index: number of the frame.
        stamp_ns: time of the frame [ns].
    """
    overlaps = overlaps.of_keys(memory.records)
    keys = overlaps.keys.tolist()
    tracked = memory.tracked(frame_index)
    followed = [tracked.get(id_) for id_ in segments.ids]
    similarity = memory.features.similarity(segments.features, memory.features_of(keys))
    matches = _match_places(memory, segments, overlaps, followed, similarity)
    for key in keys:
        memory.records[key].visible_count += 1
    taken = {keys[column] for column in matches.values()}
    records = []
    for index, (id_, feature) in enumerate(zip(segments.ids, segments.features, strict=True)):
        record = memory.records[keys[matches[index]]] if index in matches else None
        if record is None:
            record = _carried(memory, followed[index], feature, taken)
        if record is None or not record.id:
            record = _contained(memory, overlaps, similarity[index], index, taken) or record
        if record is None:
            hidden_keys = memory.records.keys() - taken - set(keys)
            record = _continued(memory, hidden_keys, feature, partial(touched_keys, index))
        if record is None:
            record = memory.create(feature, id_, frame_index, stamp_ns)
        else:
            record.see(feature, id_, frame_index, stamp_ns)
        taken.add(record.key)
        records.append(record)
    _observe_pairs(memory, overlaps, records)
    return records


def _match_places(
    memory: ObjectMemory,
    segments: FrameSegments,
    overlaps: Overlaps,
    followed: list[ObjectRecord | None],
    similarity: Floats,
) -> dict[int, int]:
    """Return the column of the overlaps by the row of each segment that shows the object at its place.

    Args:
        memory: objects of the map.
        segments: segments of the frame.
        overlaps: their overlaps with the objects of the map.
        followed: object of the track of each segment.
        similarity: (segments, objects) float32, of the features.
    """
    keys = overlaps.keys.tolist()
    is_track = np.array(
        [[item is not None and item.key == key for key in keys] for item in followed], np.bool_
    ).reshape(len(followed), len(keys))
    places = assign_by_place(overlaps, similarity, is_track)
    # An object of few voxels may be invisible to the map while the tracker follows it.
    hidden = [item if item is not None and item.key not in keys else None for item in followed]
    return {
        row: column
        for row, column in places.items()
        if not _resembles(memory, hidden[row], segments.features[row], similarity[row, column])
    }


def _contained(
    memory: ObjectMemory, overlaps: Overlaps, similarity: Floats, index: int, taken: set[int]
) -> ObjectRecord | None:
    """Return the object of which a segment contains most visible points, if its feature agrees.

    Such a segment shows more of an object than the map knows, as when the camera turns to the other
    end of a sofa.
    """
    shared = overlaps.shared[index]
    is_contained = shared > CONSTANTS.min_absorbed_ratio * overlaps.visible
    is_similar = similarity >= CONSTANTS.min_track_similarity
    candidates = [
        (int(shared[column]), int(overlaps.keys[column]))
        for column in np.flatnonzero(is_contained & is_similar)
        if int(overlaps.keys[column]) not in taken and memory.records[overlaps.keys[column]].id
    ]
    return memory.records[max(candidates)[1]] if candidates else None


def _continued(
    memory: ObjectMemory,
    hidden_keys: Set[int],
    feature: Floats,
    touched_keys: Callable[[], Container[int]],
) -> ObjectRecord | None:
    """Return the object out of sight that a segment touches and resembles, the most similar one.

    Such a segment is another side of the object, seen after the camera has gone around it.
    """
    hidden = [memory.records[key] for key in sorted(hidden_keys)]
    hidden = [item for item in hidden if item.id and not item.is_gone]
    if not hidden:
        return None
    features = np.array([item.feature for item in hidden], np.float32)
    similarity = memory.features.similarity(feature[None], features)[0]
    similar = np.flatnonzero(similarity >= REDISCOVERY_CONSTANTS.min_similarity)
    if not len(similar):  # the search for what a segment touches takes time
        return None
    touched = touched_keys()
    candidates = [(float(similarity[k]), k) for k in similar if hidden[k].key in touched]
    if not candidates:
        return None
    record = hidden[max(candidates)[1]]
    record.visible_count += 1
    return record


def _carried(
    memory: ObjectMemory, record: ObjectRecord | None, feature: Floats, taken: set[int]
) -> ObjectRecord | None:
    """Return the record that a track carries to a new place, if its feature agrees."""
    if record is None or record.key in taken or not _resembles(memory, record, feature):
        return None
    record.visible_count += 1
    if record.moved_from is None:
        record.moved_from = record.center
    return record


def _resembles(
    memory: ObjectMemory, record: ObjectRecord | None, feature: Floats, rival: float = -1.0
) -> bool:
    """Return whether a feature (C,) agrees with a record, and better than with another object."""
    if record is None:
        return False
    similarity = float(memory.features.similarity(feature[None], record.feature[None])[0, 0])
    return similarity >= max(CONSTANTS.min_track_similarity, rival)


def _observe_pairs(memory: ObjectMemory, overlaps: Overlaps, records: list[ObjectRecord]) -> None:
    """Record which objects the frame shows as one segment, and which as two."""
    shown, keys = {record.key for record in records}, overlaps.keys.tolist()
    memory.pairs.observe_apart(shown, set(keys))
    ratio = overlaps.shared / np.maximum(overlaps.visible, 1)
    for row, column in np.argwhere(ratio > CONSTANTS.min_absorbed_ratio).tolist():
        if keys[column] not in shown:
            memory.pairs.observe_together(records[row].key, keys[column])
