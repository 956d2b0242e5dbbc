from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.ros.transport import synchronizer
from scenerep_ros.ros.transport.synchronizer import (
    CONSTANTS,
    ColorOnlySynchronizer,
    RGBDSynchronizer,
)

MS = 1_000_000
PERIOD_NS = 33 * MS


class Camera:
    """Synchronizer with its pairs and its dropped images."""

    def __init__(self, slop_ms: int = 10):
        self.dropped: Counter[str] = Counter()
        self.dropped_depth: Counter[str] = Counter()
        self.pairs = []
        self.sync = RGBDSynchronizer(
            lambda: slop_ms * MS,
            lambda reason: self.dropped.update([reason]),
            lambda reason: self.dropped_depth.update([reason]),
        )

    def color(self, stamp_ns):
        self._keep(self.sync.add_color(stamp_ns, stamp_ns))

    def depth(self, stamp_ns):
        self._keep(self.sync.add_depth(stamp_ns, stamp_ns))

    def _keep(self, pair):
        if pair is not None:
            self.pairs.append(pair)


events = st.lists(
    st.tuples(st.sampled_from(["color", "depth"]), st.integers(0, 60), st.integers(-12, 12)),
    max_size=80,
)


@given(events, st.integers(0, 20))
def test_synchronizer_random_arrivals_give_ordered_pairs_and_exact_counts(arrivals, slop_ms):
    camera = Camera(slop_ms)
    for kind, frame, jitter in arrivals:
        getattr(camera, kind)(10**9 + frame * PERIOD_NS + jitter * MS)
    camera.sync.clear("end")
    assert all(abs(p.color - p.depth) <= slop_ms * MS for p in camera.pairs)
    assert all(p.color == p.stamp_ns for p in camera.pairs)
    received = Counter(kind for kind, *_ in arrivals)
    assert received["color"] == len(camera.pairs) + camera.dropped.total()
    assert received["depth"] == len(camera.pairs) + camera.dropped_depth.total()
    order = [(p.epoch, p.stamp_ns) for p in camera.pairs]
    assert order == sorted(set(order))


@given(st.integers(1, 40), st.integers(-10, 10), st.integers(0, 5), st.booleans())
def test_synchronizer_late_topic_loses_no_frame(frames, offset_ms, late, color_first):
    camera = Camera(slop_ms=10)
    first, second = camera.color, camera.depth
    offsets = (0, offset_ms * MS)
    if not color_first:
        first, second, offsets = second, first, offsets[::-1]
    for index in range(frames + late):
        if index < frames:
            first(10**9 + index * PERIOD_NS + offsets[0])
        if index >= late:
            second(10**9 + (index - late) * PERIOD_NS + offsets[1])
    assert len(camera.pairs) == frames
    assert not camera.dropped


@given(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_synchronizer_lost_message_costs_its_own_frame_only(lost_color, lost_depth):
    camera = Camera()
    for index in range(30):
        if index not in lost_color:
            camera.color(index * PERIOD_NS)
        if index not in lost_depth:
            camera.depth(index * PERIOD_NS + MS)
    expected = [i * PERIOD_NS for i in range(30) if i not in lost_color | lost_depth]
    assert [p.color for p in camera.pairs] == expected


def test_synchronizer_pairs_nearest_depth():
    camera = Camera(slop_ms=20)
    camera.depth(0)
    camera.depth(15 * MS)
    camera.color(16 * MS)
    assert [(p.color, p.depth) for p in camera.pairs] == [(16 * MS, 15 * MS)]
    assert camera.dropped_depth == {"no_color": 1}


@given(st.integers(1, 10), st.permutations(["color", "depth"]))
def test_synchronizer_looping_bag_gives_all_pairs(frames, order):
    camera = Camera()
    for loop in range(3):
        for index in range(frames + 8):  # at least 0.2 s, the threshold of a time jump
            for kind in order:
                getattr(camera, kind)(index * PERIOD_NS)
        assert [p.epoch for p in camera.pairs].count(loop) == frames + 8
    assert not camera.dropped


def test_synchronizer_depth_of_previous_epoch_is_not_paired():
    camera = Camera()
    for stamp in range(0, 20):
        camera.color(stamp * PERIOD_NS)
        if stamp < 18:
            camera.depth(stamp * PERIOD_NS)
    camera.color(0)
    camera.depth(18 * PERIOD_NS)  # of the previous loop
    camera.color(PERIOD_NS)
    camera.depth(0)
    camera.depth(PERIOD_NS)
    assert [(p.epoch, p.color, p.depth) for p in camera.pairs[18:]] == [
        (1, 0, 0),
        (1, PERIOD_NS, PERIOD_NS),
    ]
    assert camera.dropped == {"time_jump": 2}


def test_synchronizer_drops_repeated_and_out_of_order_stamps():
    camera = Camera()
    for stamp in (PERIOD_NS, PERIOD_NS, PERIOD_NS - MS):
        camera.color(stamp)
    camera.depth(PERIOD_NS)
    assert [p.color for p in camera.pairs] == [PERIOD_NS]
    assert camera.dropped == {"repeated_stamp": 1, "out_of_order": 1}


def test_synchronizer_expire_drops_unpaired_images(monkeypatch):
    camera = Camera()
    camera.color(0)
    camera.sync.expire()
    assert not camera.dropped
    expired = replace(CONSTANTS, pairing_timeout_s=-1.0)
    monkeypatch.setattr(synchronizer, "CONSTANTS", expired)
    camera.sync.expire()
    assert camera.dropped == {"no_depth": 1}


def test_synchronizer_pending_images_are_bounded():
    camera = Camera()
    for index in range(100):
        camera.color(index * PERIOD_NS)
    assert camera.dropped == {"no_depth": 100 - CONSTANTS.max_pending_images}


def test_synchronizer_slop_changes_live():
    slop = 0
    sync = RGBDSynchronizer(lambda: slop, lambda reason: None, lambda reason: None)
    sync.add_depth(5, "depth")
    assert sync.add_color(6, "color") is None
    slop = 5
    assert sync.add_depth(8, "depth").depth == "depth"


@given(st.lists(st.integers(0, 100), max_size=40))
def test_color_only_synchronizer_passes_each_new_image(frames):
    dropped: Counter[str] = Counter()
    sync = ColorOnlySynchronizer(lambda reason: dropped.update([reason]))
    pairs = [sync.add_color(frame * PERIOD_NS, frame) for frame in frames]
    returned = [pair for pair in pairs if pair is not None]
    assert len(returned) + dropped.total() == len(frames)
    assert all(pair.depth is None for pair in returned)
    order = [(a.epoch, a.stamp_ns) for a in returned]
    assert order == sorted(set(order))
