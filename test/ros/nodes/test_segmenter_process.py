"""Executable `segmenter`, as launch files and shells run it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from scenerep_ros.ros.nodes.segmenter import main

SLOW_IMPORTS = ("open3d", "onnx", "rosbags")
PROGRAM = f"""
import sys
from scenerep_ros.ros.nodes.segmenter import main
print("imported", [name for name in {SLOW_IMPORTS} if name in sys.modules], file=sys.stderr)
sys.exit(main(sys.argv))
"""
SMALL_OPTIONS = {"backbone": "vit_tiny_patch16_224", "weights": "random", "device": "cpu"}


def arguments(**options):
    pairs = [word for name, value in options.items() for word in ("-p", f"{name}:={value}")]
    return ["segmenter", "--ros-args", *pairs]


def read_until(process, text):
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return "".join(lines)
    pytest.fail(f"ended without {text!r}: {''.join(lines)}")


def test_segmenter_repeated_signals_end_it_cleanly():
    command = [sys.executable, "-c", PROGRAM, *arguments(**SMALL_OPTIONS)[1:]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            log = read_until(process, "ready")
            for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
                process.send_signal(number)
            _, rest = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "imported []" in log
    assert "vit_tiny_patch16_224 on cpu" in log
    assert process.returncode == 0
    assert rest == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kmeans.clusters": "'5'", "track": 1}, ["kmeans.clusters", "INTEGER", "track", "BOOL"]),
        ({"method": "kmean"}, ["did you mean kmeans"]),
        ({"weights": "/nowhere.pth"}, ["/nowhere.pth", "no such file"]),
    ],
)
def test_segmenter_invalid_options_print_reason_without_traceback(options, words, capfd):
    assert main(arguments(**{**SMALL_OPTIONS, **options})) == 1
    log = capfd.readouterr().err
    assert all(word in log for word in words)
    assert "Traceback" not in log


def test_segmenter_invalid_parameter_file_is_named(tmp_path, capfd):
    broken = tmp_path / "broken.yaml"
    broken.write_text("segmenter: {ros__parameters: [")
    assert main(["segmenter", "--ros-args", "--params-file", str(broken)]) == 1
    log = capfd.readouterr().err
    assert "broken.yaml" in log
    assert "Traceback" not in log
