"""Memory of the map's objects."""

from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.mapping.objects.object_memory import ObjectMemory


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
