"""When frames go out."""

from threading import Event

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not there")

from scenerep_ros.ros.transport.pacing import IntervalPace, Lockstep, RecordedInterval, wait_until


def test_recorded_interval_follows_stamps():
    interval = RecordedInterval(rate=30.0)
    interval(1_000_000_000)
    assert interval(1_050_000_000) == pytest.approx(0.05)
    assert interval(1_250_000_000) == pytest.approx(0.2)


@pytest.mark.parametrize("stamp", [1_000_000_000, 500_000_000])
def test_recorded_interval_is_the_usual_one_where_time_does_not_advance(stamp):
    interval = RecordedInterval(rate=20.0)
    interval(1_000_000_000)
    assert interval(stamp) == pytest.approx(1 / 20)


def test_interval_pace_asks_for_each_interval_once():
    asked = []

    def interval(stamp_ns):
        asked.append(stamp_ns)
        return 0.0

    pace = IntervalPace(interval, Event())
    for stamp in (1, 2, 3):
        pace.wait(stamp)
    assert asked == [1, 2, 3]


def test_stop_ends_a_long_interval():
    stop = Event()
    stop.set()
    pace = IntervalPace(lambda _: 3600.0, stop)
    pace.wait(1)
    pace.wait(2)
    assert stop.is_set()


def test_lockstep_waits_for_the_frame_before():
    done, lost = [], []

    def dealt_with(stamp_ns):
        done.append(stamp_ns)
        return True

    pace = Lockstep(dealt_with, 10.0, lost.append, Event())
    pace.wait(1)
    assert done == []
    pace.wait(2)
    pace.finish()
    assert done == [1, 2]
    assert lost == []


def test_lockstep_goes_on_after_a_lost_frame():
    lost = []
    pace = Lockstep(lambda _: False, 0.01, lost.append, Event())
    pace.wait(1)
    pace.wait(2)
    assert lost == [1]


def test_wait_until_gives_up_when_stopped():
    stop = Event()
    stop.set()
    assert not wait_until(lambda: False, 3600.0, stop)
    assert wait_until(lambda: True, 0.0, stop)
