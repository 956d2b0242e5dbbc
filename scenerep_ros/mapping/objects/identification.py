"""Identification of the segments of a frame: objects of the map, or new ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.objects.association import FrameSegments, Overlaps, assign_by_place
from scenerep_ros.mapping.objects.object_memory import ObjectMemory
from scenerep_ros.mapping.objects.object_record import ObjectRecord

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
    frame_index: int,
    stamp_ns: int,
) -> list[ObjectRecord]:
    """Return the record of each segment, updated by this frame; segments without one create it.

    A segment is first compared with the objects at its place, then with the object of its track.
    """
    overlaps = overlaps.of_keys(memory.records)
    keys = overlaps.keys.tolist()
    tracked = memory.tracked(frame_index)
    followed = [tracked.get(id_) for id_ in segments.ids]
    is_track = np.array(
        [[item is not None and item.key == key for key in keys] for item in followed], np.bool_
    ).reshape(len(followed), len(keys))
    similarity = memory.features.similarity(segments.features, memory.features_of(keys))
    matches = assign_by_place(overlaps, similarity, is_track)
    for key in keys:
        memory.records[key].visible_count += 1
    taken = {keys[column] for column in matches.values()}
    records = []
    for index, (id_, feature) in enumerate(zip(segments.ids, segments.features, strict=True)):
        record = memory.records[keys[matches[index]]] if index in matches else None
        if record is None:
            record = _carried(memory, followed[index], feature, taken)
        if record is None:
            record = memory.create(feature, id_, frame_index, stamp_ns)
        else:
            record.see(feature, id_, frame_index, stamp_ns)
        taken.add(record.key)
        records.append(record)
    _observe_pairs(memory, overlaps, records)
    return records


def _carried(
    memory: ObjectMemory, record: ObjectRecord | None, feature: Floats, taken: set[int]
) -> ObjectRecord | None:
    """Return the record that a track carries to a new place, if its feature agrees."""
    if record is None or record.key in taken:
        return None
    similarity = memory.features.similarity(feature[None], record.feature[None])
    if float(similarity[0, 0]) < CONSTANTS.min_track_similarity:
        return None
    record.visible_count += 1
    if record.moved_from is None:
        record.moved_from = record.center
    return record


def _observe_pairs(memory: ObjectMemory, overlaps: Overlaps, records: list[ObjectRecord]) -> None:
    """Record which objects the frame shows as one segment, and which as two."""
    shown, keys = {record.key for record in records}, overlaps.keys.tolist()
    memory.pairs.observe_apart(shown, set(keys))
    ratio = overlaps.shared / np.maximum(overlaps.visible, 1)
    for row, column in np.argwhere(ratio > CONSTANTS.min_absorbed_ratio).tolist():
        if keys[column] not in shown:
            memory.pairs.observe_together(records[row].key, keys[column])
