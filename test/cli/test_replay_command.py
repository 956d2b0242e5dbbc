"""`scenerep replay`."""

import argparse

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from recordings import write_tum

from scenerep_ros.cli import replay
from scenerep_ros.errors import ConfigError, SourceError


def run(*arguments):
    parser = argparse.ArgumentParser()
    replay.add_parser(parser.add_subparsers())
    args = parser.parse_args(["replay", *arguments])
    return args.run(args)


def test_replay_passes_its_flags_to_the_node(tmp_path, capfd):
    folder = write_tum(tmp_path / "desk", count=4)
    flags = ["--max-frames", "2", "--rate", "0", "--subscriber-timeout", "0", "--color-topic", "/c"]
    assert run(str(folder), *flags) == 0
    errors = capfd.readouterr().err
    assert "nobody subscribed to /c within 0 s" in errors
    assert "replayed 2 frames of TUM folder desk" in errors


def test_replay_with_invalid_source_or_option_is_rejected(tmp_path):
    with pytest.raises(SourceError, match="nothing_here"):
        run(str(tmp_path / "nothing_here"))
    with pytest.raises(ConfigError, match="rate"):
        run(str(tmp_path), "--rate", "-3")
