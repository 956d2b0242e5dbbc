"""Segmenter over DDS with a target rate and a small network."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from segmenter_rig import running_segmenter

from scenerep_ros.rate_control import resolutions_of
from scenerep_ros.resolution_control import CONSTANTS

RESOLUTION = 96
FRAMES_UNTIL_CHANGE = CONSTANTS.window_frames + CONSTANTS.settling_frames


def facts(rig):
    rig.diagnostics.clear()
    rig.wait_for(lambda: rig.diagnostics)
    return {pair.key: pair.value for pair in rig.diagnostics[-1].values}


def test_segmenter_states_choice_and_resolution_of_a_met_rate():
    with running_segmenter(target_rate=0.05) as rig:
        rig.process()
        values = facts(rig)
    assert values["target_rate_hz"] == "0.05"
    assert "chosen vit_tiny_patch16_224, torch" in values["target_rate_choice"]
    assert values["resolution_px"] == str(RESOLUTION)


def test_segmenter_lowers_the_resolution_of_a_missed_rate():
    with running_segmenter(target_rate=1000.0) as rig:
        chosen = rig.segmenter._processor.pipeline.resolution
        for _ in range(FRAMES_UNTIL_CHANGE * len(resolutions_of(RESOLUTION)) + 1):
            rig.process()
        values = facts(rig)
    assert chosen in resolutions_of(RESOLUTION)
    assert "the fastest, but too slow" in values["target_rate_choice"]
    lowest = resolutions_of(RESOLUTION)[-1]
    assert values["resolution_px"] == f"{lowest}, the lowest, but the rate is missed"
    assert int(values["segmented"]) == rig.counts.segmented
