"""Resolution that follows the load, with a given clock."""

from __future__ import annotations

import pytest

from scenerep_ros.resolution_control import ResolutionControl


class Machine:
    """Frames of a control whose duration is proportional to the patches and to the load."""

    def __init__(self, rate, full_ms):
        self.control = ResolutionControl(rate, 308)
        self.full_ms, self.load, self.now_s = full_ms, 1.0, 0.0
        self.changes = []

    def run(self, seconds):
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            frame_ms = self.full_ms * self.load * (self.control.resolution / 308) ** 2
            self.now_s += max(frame_ms, 30.0) / 1e3
            if self.control.update(frame_ms, self.now_s):
                self.changes.append(self.control.resolution)
        return self.control.resolution


def test_control_steps_down_under_load_and_up_after_it():
    machine = Machine(rate=10, full_ms=80)
    assert machine.run(10) == 308
    machine.load = 2.0
    assert machine.run(10) == 197
    machine.load = 1.0
    assert machine.run(60) == 308
    assert machine.changes == [253, 197, 253, 308]


def test_control_does_not_oscillate_at_a_load_between_two_steps():
    machine = Machine(rate=10, full_ms=105)
    machine.run(600)
    assert machine.changes == [253]


def test_control_waits_longer_after_each_failed_rise():
    machine = Machine(rate=10, full_ms=80)
    for _ in range(200):  # load that returns whenever the resolution has risen
        machine.load = 2.0 if machine.control.resolution == 308 else 1.0
        machine.run(3)
    # Without the growing wait, there would be 20 rises in 600 s.
    assert machine.changes.count(308) <= 6


def test_control_reports_a_rate_that_the_lowest_resolution_misses():
    machine = Machine(rate=10, full_ms=80)
    machine.run(10)
    assert not machine.control.is_missed
    machine.load = 10.0
    assert machine.run(60) == 154
    assert machine.control.is_missed


@pytest.mark.parametrize("spike_ms", [1500.0, 400.0])
def test_control_ignores_single_slow_frames(spike_ms):
    control = ResolutionControl(10, 308)
    for index in range(100):
        assert not control.update(spike_ms if index % 10 == 0 else 60.0, index * 0.1)
