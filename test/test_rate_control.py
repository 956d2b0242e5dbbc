"""Choice of the execution from a measured table, and control of the resolution with a given clock."""

from __future__ import annotations

import pytest

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.rate_control import (
    CONSTANTS,
    ResolutionControl,
    choose_execution,
    resolutions_of,
)

VIT = "vit_small_patch14_dinov2.lvd142m"


def table(speeds):
    """Meter of a machine: duration at 308 px by backbone and runtime [ms], by number of patches."""

    def open_meter(options):
        full_ms = speeds.get((options.backbone, options.runtime))
        return None if full_ms is None else lambda size: full_ms * (size / 308) ** 2

    return open_meter


def options(rate, **changes):
    return BackboneOptions(target_rate=rate, **changes)


def test_choice_takes_fastest_runtime_at_full_resolution_if_it_fits():
    speeds = {(VIT, "openvino"): 80.0, (VIT, "torch"): 170.0, (VIT, "onnxruntime"): 110.0}
    choice = choose_execution(options(5), table(speeds))
    assert choice.is_sufficient
    assert (choice.execution.runtime, choice.execution.resolution) == ("openvino", 308)
    assert len(choice.measured) == 3
    assert "torch auto, 308 px: 170.0 ms" in choice.describe(5)


def test_choice_lowers_the_resolution_to_the_highest_that_fits():
    choice = choose_execution(options(12), table({(VIT, "openvino"): 80.0}))
    assert choice.execution.resolution == 197
    assert choice.execution.forward_ms <= CONSTANTS.forward_share * 1e3 / 12


def test_choice_takes_the_student_where_no_resolution_fits():
    speeds = {(VIT, "openvino"): 80.0, ("student", "openvino"): 8.0}
    choice = choose_execution(options(60), table(speeds))
    assert (choice.execution.backbone, choice.execution.resolution) == ("student", 308)


def test_choice_keeps_a_backbone_that_the_user_named():
    speeds = {("resnet18", "openvino"): 80.0, ("student", "openvino"): 8.0}
    choice = choose_execution(options(60, backbone="resnet18"), table(speeds))
    assert not choice.is_sufficient
    assert (choice.execution.backbone, choice.execution.resolution) == ("resnet18", 154)
    assert "too slow" in choice.describe(60)


def test_choice_measures_only_a_runtime_that_the_user_named():
    speeds = {(VIT, "openvino"): 80.0, (VIT, "torch"): 170.0}
    choice = choose_execution(options(2, runtime="torch"), table(speeds))
    assert [item.runtime for item in choice.measured] == ["torch"]


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


@pytest.mark.parametrize("spike_ms", [1500.0, 400.0])
def test_control_ignores_single_slow_frames(spike_ms):
    control = ResolutionControl(10, 308)
    for index in range(100):
        assert not control.update(spike_ms if index % 10 == 0 else 60.0, index * 0.1)


def test_resolutions_of_a_small_option_stay_in_its_bounds():
    assert resolutions_of(32) == (32,)
