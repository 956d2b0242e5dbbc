"""Identification of segments with objects of the map."""

import numpy as np
import pytest

from scenerep_ros.mapping.objects.association import FrameSegments, Overlaps
from scenerep_ros.mapping.objects.identification import identify_segments
from scenerep_ros.mapping.objects.object_memory import ObjectMemory

FEATURES = np.eye(4, dtype=np.float32)
FRAME_INDEX = 10


@pytest.fixture
def memory():
    """Objects 1 and 2 of different features, which the tracker calls 6 and 7."""
    memory = ObjectMemory(max_objects=10)
    memory.features.observe(FEATURES)
    for axis, track_id in ((0, 6), (1, 7)):
        record = memory.create(FEATURES[axis], track_id, FRAME_INDEX - 1, 0)
        record.id = record.key
    return memory


def identify(memory, track_id, axis, shared, known, touched_keys=()):
    """Return the key of a segment that shares points with the 20 visible ones of object 1."""
    segments = FrameSegments((track_id,), FEATURES[[axis]], np.ones(max(known, 1), np.int32))
    overlaps = Overlaps(
        np.array([1], np.int32), np.array([20]), np.array([[shared]]), np.array([known])
    )
    touched = set(touched_keys)
    (record,) = identify_segments(memory, segments, overlaps, lambda _: touched, FRAME_INDEX, 10**9)
    return record.key


def test_segment_with_the_place_of_an_object_is_this_object(memory):
    assert identify(memory, track_id=99, axis=3, shared=15, known=20) == 1


def test_segment_that_contains_a_similar_object_is_this_object(memory):
    assert identify(memory, track_id=99, axis=0, shared=15, known=200) == 1


def test_segment_that_contains_an_object_unlike_it_is_new(memory):
    assert identify(memory, track_id=99, axis=3, shared=15, known=200) == 3


def test_segment_of_a_track_stays_itself_at_another_place(memory):
    assert identify(memory, track_id=7, axis=1, shared=15, known=20) == 2


def test_segment_of_an_unlike_track_is_identified_by_place(memory):
    assert identify(memory, track_id=7, axis=0, shared=15, known=20) == 1


def test_segment_that_touches_a_similar_hidden_object_continues_it(memory):
    assert identify(memory, track_id=99, axis=1, shared=0, known=0, touched_keys={2}) == 2


def test_segment_that_touches_an_object_in_view_is_new(memory):
    assert identify(memory, track_id=99, axis=0, shared=0, known=0, touched_keys={1}) == 3


def test_segment_that_touches_an_object_unlike_it_is_new(memory):
    assert identify(memory, track_id=99, axis=3, shared=0, known=0, touched_keys={2}) == 3
