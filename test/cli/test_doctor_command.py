"""`scenerep doctor`."""

import argparse
import json

import pytest

from scenerep_ros.cli import doctor
from scenerep_ros.errors import ConfigError


def run(*arguments):
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    args = parser.parse_args(["doctor", *arguments])
    return args.run(args)


def test_this_machine_is_fit_and_the_report_says_the_same(tmp_path, capsys):
    assert run("--seconds", "0", "--json", str(tmp_path / "doctor.json")) == 0
    report = json.loads((tmp_path / "doctor.json").read_text())
    assert report["failed"] is False
    names = [finding["name"] for finding in report["findings"]]
    assert {"python", "requirements", "device", "weights", "ROS 2"} <= set(names)
    assert len(capsys.readouterr().out.splitlines()) == len(names)


def test_an_absent_camera_fails_with_its_topics_names(tmp_path, capsys):
    pytest.importorskip("rclpy", reason="ROS 2 is not there")
    yaml = tmp_path / "camera.yaml"
    yaml.write_text("/**:\n  ros__parameters:\n    color_topic: /eye/rgb\n    depth_topic: ''\n")
    assert run("--seconds", "0.1", "--config", str(yaml)) == 1
    out = capsys.readouterr().out
    assert "FAIL  /eye/rgb" in out
    assert "/camera/depth/image" not in out


def test_a_bad_option_is_an_error_of_the_user():
    with pytest.raises(ConfigError, match="transport"):
        run("--transport", "jpeg")
