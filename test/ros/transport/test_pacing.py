"""Pacing of a replay."""

from threading import Event

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from scenerep_ros.ros.transport.pacing import (
    IntervalPacer,
    LockstepPacer,
    RecordedInterval,
    wait_until,
)


def test_recorded_interval_follows_stamps():
    interval = RecordedInterval(rate=30.0)
    interval(1_000_000_000)
    assert interval(1_050_000_000) == pytest.approx(0.05)
    assert interval(1_250_000_000) == pytest.approx(0.2)


@pytest.mark.parametrize("stamp_ns", [1_000_000_000, 500_000_000])
def test_recorded_interval_is_nominal_where_time_does_not_advance(stamp_ns):
    interval = RecordedInterval(rate=20.0)
    interval(1_000_000_000)
    assert interval(stamp_ns) == pytest.approx(1 / 20)


def test_interval_pacer_evaluates_each_interval_once():
    stamps = []

    def interval(stamp_ns):
        stamps.append(stamp_ns)
        return 0.0

    pacer = IntervalPacer(interval, Event())
    for stamp_ns in (1, 2, 3):
        pacer.wait(stamp_ns)
    assert stamps == [1, 2, 3]


@pytest.mark.timeout(60)
def test_interval_pacer_stop_event_ends_a_long_wait():
    stop = Event()
    stop.set()
    stamps = []

    def interval(stamp_ns):
        stamps.append(stamp_ns)
        return 3600.0

    pacer = IntervalPacer(interval, stop)
    pacer.wait(1)
    pacer.wait(2)
    assert stamps == [1, 2]


def test_lockstep_pacer_waits_for_the_previous_frame():
    processed, lost = [], []

    def is_processed(stamp_ns):
        processed.append(stamp_ns)
        return True

    pacer = LockstepPacer(is_processed, 10.0, lost.append, Event())
    pacer.wait(1)
    assert processed == []
    pacer.wait(2)
    pacer.finish()
    assert processed == [1, 2]
    assert lost == []


def test_lockstep_pacer_continues_after_a_lost_frame():
    lost = []
    pacer = LockstepPacer(lambda _: False, 0.01, lost.append, Event())
    pacer.wait(1)
    pacer.wait(2)
    assert lost == [1]


def test_lockstep_pacer_stopped_reports_no_lost_frame():
    stop, lost = Event(), []
    stop.set()
    pacer = LockstepPacer(lambda _: False, 3600.0, lost.append, stop)
    pacer.wait(1)
    pacer.finish()
    assert lost == []


def test_wait_until_returns_condition_or_false_when_stopped():
    stop = Event()
    stop.set()
    assert not wait_until(lambda: False, 3600.0, stop)
    assert wait_until(lambda: True, 0.0, stop)


def test_wait_until_returns_false_after_timeout():
    assert not wait_until(lambda: False, 0.01, Event())


def test_recorded_interval_over_a_wild_stamp_is_nominal():
    interval = RecordedInterval(rate=10.0)
    stamps = [0, 1_305_031_229_000_000_000, 1_305_031_229_200_000_000, 9 * 10**18, 5]
    assert [interval(stamp) for stamp in stamps] == pytest.approx([0.1, 0.1, 0.2, 0.1, 0.1])
