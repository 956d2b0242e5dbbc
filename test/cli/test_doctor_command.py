"""`scenerep doctor`."""

import argparse
import json
import sys

import pytest

from scenerep_ros.cli import doctor
from scenerep_ros.errors import ConfigError


def run(*arguments):
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    args = parser.parse_args(["doctor", *arguments])
    return args.run(args)


def test_doctor_json_report_has_the_printed_findings(tmp_path, capsys):
    assert run("--seconds", "0", "--json", str(tmp_path / "doctor.json")) == 0
    report = json.loads((tmp_path / "doctor.json").read_text())
    assert report["failed"] is False
    names = [finding["name"] for finding in report["findings"]]
    assert {"python", "requirements", "device", "runtime", "weights", "ROS 2"} <= set(names)
    assert len(capsys.readouterr().out.splitlines()) == len(names)


def test_doctor_without_a_camera_fails_with_its_topics(tmp_path, capsys):
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    yaml = tmp_path / "camera.yaml"
    yaml.write_text("/**:\n  ros__parameters:\n    color_topic: /eye/rgb\n    depth_topic: ''\n")
    assert run("--seconds", "0.1", "--config", str(yaml)) == 1
    out = capsys.readouterr().out
    assert "FAIL  /eye/rgb" in out
    assert "/camera/depth/image" not in out


def test_doctor_with_an_invalid_option_is_rejected():
    with pytest.raises(ConfigError, match="transport"):
        run("--transport", "jpeg")


def test_doctor_without_an_importable_segmenter_still_reports(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "scenerep_ros.config.pipeline", None)  # as without torch
    assert run("--seconds", "0") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("OK    python")
    assert lines[-1].startswith("FAIL  segmenter")
