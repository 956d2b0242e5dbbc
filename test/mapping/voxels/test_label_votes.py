"""Votes on the labels of voxels."""

import numpy as np

from scenerep_ros.mapping.voxels.label_votes import CONSTANTS, NO_OBJECT, LabelVotes

ROW = np.zeros(1, np.int32)


def voted(*labels):
    votes = LabelVotes()
    votes.resize(1)
    for label in labels:
        votes.add(ROW, np.array([label], np.int32))
    return votes


def test_votes_majority_of_three_labels_wins():
    assert voted(5, 7, 5, 0, 7, 5).winners.tolist() == [5]


def test_votes_for_structure_win_over_rare_objects():
    assert voted(0, 0, 4, 0).winners.tolist() == [NO_OBJECT]


def test_votes_new_label_wins_after_bounded_number_of_frames():
    labels = [3] * 1000 + [8] * (CONSTANTS.max_count + 1)
    assert voted(*labels).winners.tolist() == [8]


def test_votes_rare_labels_do_not_evict_the_majority():
    assert voted(*[9] * 10, 1, 2, 3, 4, 5, 6).winners.tolist() == [9]


def test_relabel_adds_up_counts_of_merged_labels():
    votes = voted(1, 1, 2, 2, 3, 3, 3)
    votes.relabel(np.array([0, 2, 2, 3], np.int32))
    assert votes.winners.tolist() == [2]


def test_relabel_to_absent_removes_votes():
    votes = voted(1, 1, 1, 0)
    votes.relabel(np.array([0, -1], np.int32))
    assert votes.winners.tolist() == [NO_OBJECT]


def test_vote_for_an_object_outweighs_one_for_structure():
    assert voted(0, 6).winners.tolist() == [6]
