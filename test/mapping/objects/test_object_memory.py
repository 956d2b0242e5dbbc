"""Memory of the map's objects."""

from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.mapping.objects.object_memory import ObjectMemory
from scenerep_ros.mapping.voxels.voxel_index import ABSENT


def unit(channels, axis):
    return np.eye(channels, dtype=np.float32)[axis]


def test_object_memory_takes_features_of_another_network():
    memory = ObjectMemory(max_objects=10)
    record = memory.create(unit(4, 0), 1, 0, 0)
    record.see(unit(4, 0), 1, 1, 0)
    memory.features.observe(memory.features_of([record.key]))
    memory.discard_features(channels=6)
    assert memory.features.similarity(unit(6, 2)[None], memory.features_of([record.key])) == 0
    record.see(unit(6, 2), 1, 2, 0)
    similarity = memory.features.similarity(unit(6, 2)[None], memory.features_of([record.key]))
    assert similarity[0, 0] == pytest.approx(1.0)


def test_object_memory_drops_the_longest_unseen_objects_and_counts_them():
    """A segment that is no object yet goes before any object, and is not counted."""
    memory = ObjectMemory(max_objects=2)
    records = [memory.create(unit(4, 0), index, 0, 0) for index in range(1, 5)]
    for frame, record in ((1, records[0]), (9, records[1]), (5, records[2])):
        for index in range(frame, frame + 3):
            record.see(unit(4, 0), record.key, index, index)
    records[3].last_frame = 20
    counts = np.array([0, 50, 50, 50, 50], np.int32)
    table = memory.refresh(counts, np.zeros((5, 3), np.float32), 21)
    assert sorted(memory.records) == [records[1].key, records[2].key]
    assert table[[records[0].key, records[3].key]].tolist() == [ABSENT, ABSENT]
    assert memory.dropped == 1
