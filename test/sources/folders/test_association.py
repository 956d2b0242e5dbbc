"""Stamps are paired as the TUM tools do it, in lists and in streams."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.sources.folders.association import associate
from scenerep_ros.sources.folders.pairing import WINDOW, Stamped, pair_messages

STAMPS = st.lists(st.integers(0, 1000), max_size=12, unique=True).map(sorted)


def greedy(first, second, slop):
    """The benchmark's rule, written down plainly: closest pair first, each stamp once."""
    pairs = []
    for _, a, b in sorted((abs(a - b), a, b) for a in first for b in second if abs(a - b) <= slop):
        if a not in [pair[0] for pair in pairs] and b not in [pair[1] for pair in pairs]:
            pairs.append((a, b))
    return sorted(pairs)


@given(STAMPS, STAMPS, st.integers(0, 200))
def test_lists_are_paired_greedily(first, second, slop):
    pairs = associate(np.array(first, np.int64), np.array(second, np.int64), slop)
    assert [(first[i], second[j]) for i, j in pairs] == greedy(first, second, slop)


def stream(*messages):
    return [Stamped(stamp, is_depth, None) for is_depth, stamp in messages]


def stamps(pairs):
    return [(pair.color.stamp, pair.depth.stamp if pair.depth else None) for pair in pairs]


COLOR, DEPTH = False, True


def test_stream_leaves_a_depth_to_the_color_that_is_nearer():
    messages = stream((COLOR, 0), (DEPTH, 15), (COLOR, 16), (DEPTH, 60))
    assert stamps(pair_messages(messages, slop=20)) == [(0, None), (16, 15)]


def test_stream_pairs_the_rest_at_its_end():
    assert stamps(pair_messages(stream((DEPTH, 1), (COLOR, 0)), slop=20)) == [(0, 1)]


def test_stream_survives_a_jump_back_in_time():
    loop = [(COLOR, 1000), (DEPTH, 1001), (COLOR, 1033), (DEPTH, 1034)]
    pairs = stamps(pair_messages(stream(*loop, *loop, *loop), slop=20))
    assert len(pairs) == 6
    assert pairs[-1] == (1033, 1034)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000)), max_size=60))
def test_every_color_comes_out_once_and_no_depth_twice(messages):
    pairs = list(pair_messages(iter(stream(*messages)), slop=20))
    colors = [stamp for is_depth, stamp in messages if not is_depth]
    assert [pair.color.stamp for pair in pairs] == colors
    used = [id(pair.depth) for pair in pairs if pair.depth]
    assert len(used) == len(set(used))
    assert all(abs(pair.color.stamp - pair.depth.stamp) <= 20 for pair in pairs if pair.depth)


def test_stream_waits_for_a_bounded_number_of_messages():
    read = []

    def endless():
        for stamp in range(10 * WINDOW):
            read.append(stamp)
            yield Stamped(stamp, COLOR, None)

    next(pair_messages(endless()))
    assert len(read) == WINDOW + 1
