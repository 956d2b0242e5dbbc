"""Comparison of named with true changes."""

import numpy as np
from scenerep_training.evaluation.scene_maps.named_changes import score_changes
from scenerep_training.evaluation.scene_maps.true_objects import TrueChanges

from scenerep_ros.frames import MapObject
from scenerep_ros.geometry import Box
from scenerep_ros.mapping.difference import MapDifference, Move

TRUTH = TrueChanges(
    frozenset({1}), frozenset({2}), frozenset({3}), {1: "cup", 2: "box", 3: "chair", 4: "bed"}
)
LABELS = {10: 1, 20: 2, 30: 3, 40: 4}


def item(id_):
    box = Box(np.zeros(3, np.float32), np.ones(3, np.float32), np.eye(3, dtype=np.float32))
    return MapObject(id_, box, 100, np.ones(4, np.float32), 0, 0, 1.0)


def score(added=(), removed=(), moved=()):
    moves = tuple(Move(item(first), item(second)) for first, second in moved)
    difference = MapDifference(tuple(map(item, added)), tuple(map(item, removed)), moves, ())
    return score_changes(difference, TRUTH, LABELS, LABELS)


def test_all_changes_with_their_kind_are_found():
    result = score(added=[10], removed=[20], moved=[(30, 30)])
    assert (result.found, result.places, result.true_places, result.false) == (3, 4, 4, 0)
    assert result.missed == ()


def test_moved_object_named_as_removed_and_added_has_its_places():
    result = score(added=[30], removed=[30])
    assert (result.found, result.places, result.false) == (0, 2, 0)
    assert result.missed == ("removed box", "added cup", "moved chair")


def test_change_of_an_unchanged_object_is_false():
    result = score(added=[40], removed=[10], moved=[(40, 30)])
    assert result.false == 3
    assert result.false_names == ("removed cup", "moved from bed", "added bed")
