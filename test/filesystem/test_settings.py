"""Comparison of the settings of a folder with those of a run."""

from scenerep_ros.filesystem.settings import differing_settings


def test_differing_settings_include_missing_and_leave_out_ignored_ones():
    stored = {"seed": 0, "device": "cpu", "command": "a", "old": 1, "none": None}
    requested = {"seed": 0, "device": "cuda", "command": "b", "new": 2}
    assert differing_settings(stored, requested, ignored=("command",)) == ["device", "new", "old"]
