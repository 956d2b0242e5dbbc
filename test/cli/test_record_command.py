"""`scenerep record` that is killed."""

import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from scenerep_ros.cli.main import main


def test_record_command_killed_leaves_no_bag(tmp_path, capsys):
    folder = tmp_path / "bag"
    command = [sys.executable, "-m", "scenerep_ros.cli.main", "record", "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob("bag.partial/bag/*.mcap")):
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not folder.exists()
    assert main(["record", "--out", str(folder), "--seconds", "0.1"]) == 1
    assert "no frame of" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flags", [("--seconds", "nan"), ("--megabytes", "0"), ("--frames", "1.5")])
def test_record_command_refuses_impossible_bounds(tmp_path, capsys, flags):
    with pytest.raises(SystemExit) as ended:
        main(["record", "--out", str(tmp_path / "bag"), *flags])
    assert ended.value.code == 2
    assert f"argument {flags[0]}: {flags[1]!r}: expected a" in capsys.readouterr().err
