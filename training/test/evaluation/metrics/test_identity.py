from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from moving_scene import patches, still, wall_frame, window
from scenerep_training.evaluation.label_propagation.warping import last_places
from scenerep_training.evaluation.metrics.identity import Identity

from scenerep_ros.frames import UNLABELLED

THINGS = (slice(0, 10), slice(12, 22), slice(24, 34))
"""Columns of three things of 100 pixels each."""


def picture(*ids):
    labels = np.zeros((20, 40), np.uint16)
    for id_, columns in zip(ids, THINGS, strict=False):
        labels[5:15, columns] = id_
    return labels


def watch(pictures, places=None):
    identity = Identity()
    for index, labels in enumerate(pictures):
        identity.add(labels, (places or still(labels.shape)) if index else None)
    return identity.swaps, identity.rebirths, sorted(identity.lives().tolist())


def watch_ids(*frames):
    """Ids of the things, frame by frame; 0 = not found."""
    return watch([picture(*ids) for ids in frames])


def test_ids_that_stay():
    assert watch_ids((1, 2), (1, 2), (1, 2)) == (0, 0, [3, 3])


def test_a_thing_under_a_new_name_is_reborn():
    assert watch_ids((1, 2), (1, 2), (7, 2), (7, 2)) == (0, 1, [2, 2, 4])


def test_two_things_that_exchange_names_are_two_swaps():
    assert watch_ids((1, 2), (1, 2), (2, 1)) == (2, 0, [1, 1, 2, 2])


def test_three_names_that_go_round_are_three_swaps():
    assert watch_ids((1, 2, 3), (3, 1, 2))[:2] == (3, 0)


def test_a_name_that_somebody_had_before_is_a_swap():
    assert watch_ids((1, 5), (1, 0), (5, 0))[:2] == (1, 0)


def test_a_thing_that_is_not_found_for_a_while_keeps_its_life():
    assert watch_ids((1, 2), (0, 2), (0, 2), (1, 2)) == (0, 0, [4, 4])


def test_a_thing_that_returns_under_another_name_is_reborn():
    assert watch_ids((1, 2), (0, 2), (0, 2), (7, 2)) == (0, 1, [1, 1, 4])


def test_a_thing_that_appears_or_goes_is_no_switch():
    assert watch_ids((1, 0), (1, 2), (0, 2)) == (0, 0, [2, 2])


def test_an_id_that_jumps_to_a_thing_that_nobody_had_begins_a_new_life():
    assert watch_ids((1, 0, 0), (1, 0, 0), (0, 0, 1)) == (0, 0, [1, 2])


def wide(*runs):
    """One row of things: (id, columns)."""
    return np.repeat([id_ for id_, _ in runs], [n for _, n in runs])[None].astype(np.uint16)


def test_the_smaller_of_two_that_merge_loses_its_name_without_a_switch():
    assert watch([wide((1, 30), (2, 10)), wide((1, 40))])[:2] == (0, 0)


def test_the_larger_of_two_that_merge_loses_its_name_by_a_switch():
    assert watch([wide((1, 30), (2, 10)), wide((2, 40))])[:2] == (1, 0)


def test_what_splits_off_is_new_and_no_switch():
    assert watch([wide((1, 40)), wide((1, 30), (2, 10))]) == (0, 0, [1, 2])


def test_a_larger_part_under_a_new_name_is_a_switch():
    assert watch([wide((1, 40)), wide((2, 30), (1, 10))])[:2] == (0, 1)


def test_two_halves_are_no_switch_and_the_old_one_lives_on():
    assert watch([wide((1, 40)), wide((1, 20), (2, 20))]) == (0, 0, [1, 2])


def test_an_id_that_comes_out_of_a_merger_lives_on():
    apart, merged = wide((1, 30), (2, 10)), wide((1, 40))
    assert watch([apart, merged, apart]) == (0, 0, [3, 3])


@pytest.mark.parametrize(("seen", "rebirths"), [(5, 1), (4, 0)])
def test_half_of_a_thing_must_be_visible(seen, rebirths):
    places = still((20, 40))
    visible = np.zeros((20, 40), bool)
    visible[5 : 5 + seen, :10] = True
    result = watch([picture(1), picture(7)], replace(places, visible=visible))
    assert result[1] == rebirths


def test_the_unlabelled_say_nothing():
    unlabelled = np.full((20, 40), UNLABELLED, np.uint16)
    assert watch([picture(1), unlabelled, picture(1)]) == (0, 0, [3])
    assert watch([unlabelled, picture(1)]) == (0, 0, [1])


def test_no_object_and_no_frame():
    assert watch([picture(), picture()]) == (0, 0, [])
    assert watch([]) == (0, 0, [])


def test_a_single_pixel():
    one, two = np.array([[1]], np.uint16), np.array([[2]], np.uint16)
    assert watch([one, two]) == (0, 1, [1, 1])


@pytest.mark.parametrize("posed", [True, False])
def test_switches_before_a_moving_camera(posed):
    """One re-birth (2 -> 3), then one exchange (1 <-> 3), while the wall moves 21 pixels."""
    names = [(1, 2), (1, 2), (1, 3), (1, 3), (1, 3), (3, 1), (3, 1), (3, 1)]
    identity = Identity()
    for index, ids in enumerate(names):
        places = None
        if index:
            places = last_places(wall_frame(index - 1, posed), wall_frame(index, posed))
        identity.add(window(patches(ids), index), places)
    assert (identity.swaps, identity.rebirths) == (2, 1)
    assert sorted(identity.lives().tolist()) == [2, 3, 3, 3, 5]
