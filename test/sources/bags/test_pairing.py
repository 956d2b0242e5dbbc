"""Pairing of the color and depth messages of a stream."""

from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.sources.bags.pairing import CONSTANTS, StampedMessage, pair_messages

COLOR, DEPTH = False, True


def stream(*messages):
    return [StampedMessage(stamp, is_depth, None) for is_depth, stamp in messages]


def stamps(pairs):
    return [(pair.color.stamp_ns, pair.depth.stamp_ns if pair.depth else None) for pair in pairs]


def test_pairing_leaves_depth_to_the_nearer_color():
    messages = stream((COLOR, 0), (DEPTH, 15), (COLOR, 16), (DEPTH, 60))
    assert stamps(pair_messages(messages, slop_ns=20)) == [(0, None), (16, 15)]


def test_pairing_at_the_end_of_the_stream_uses_the_rest():
    assert stamps(pair_messages(stream((DEPTH, 1), (COLOR, 0)), slop_ns=20)) == [(0, 1)]


def test_pairing_after_a_jump_back_in_time_continues():
    loop = [(COLOR, 1000), (DEPTH, 1001), (COLOR, 1033), (DEPTH, 1034)]
    pairs = stamps(pair_messages(stream(*loop, *loop, *loop), slop_ns=20))
    assert len(pairs) == 6
    assert pairs[-1] == (1033, 1034)


def test_pairing_without_depth_reads_a_bounded_number_of_messages():
    read = []

    def endless():
        for stamp in range(10 * CONSTANTS.window_size):
            read.append(stamp)
            yield StampedMessage(stamp, COLOR, None)

    next(pair_messages(endless()))
    assert len(read) == CONSTANTS.window_size + 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000)), max_size=60))
def test_pairing_yields_each_color_once_and_reuses_no_depth(messages):
    pairs = list(pair_messages(iter(stream(*messages)), slop_ns=20))
    colors = [stamp for is_depth, stamp in messages if not is_depth]
    assert [pair.color.stamp_ns for pair in pairs] == colors
    used = [id(pair.depth) for pair in pairs if pair.depth]
    assert len(set(used)) == len(used)
