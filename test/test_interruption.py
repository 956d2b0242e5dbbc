"""Ctrl-C while the executables start."""

import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "data" / "tabletop"
PROGRAM = """
import sys
from scenerep_ros.interruption import exit_at_interrupts, run_module
exit_at_interrupts()
print("started", flush=True)
sys.exit(run_module(sys.argv.pop(1)))
"""
DELAYS_S = (0.0, 0.3, 1.0)
"""Times after the start of Python, during the imports."""


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("scenerep_ros.ros.nodes.segmenter", ["--ros-args", "-p", "weights:=random"]),
        ("scenerep_ros.ros.nodes.replay", ["--ros-args", "-p", f"source:={SAMPLE}"]),
        ("scenerep_ros.cli.main", ["segment", str(SAMPLE), "--weights", "random"]),
    ],
    ids=["segmenter", "replay", "segment"],
)
def test_executable_interrupted_at_its_start_exits_quietly(module, arguments, tmp_path):
    if "ros" in module.split(".") and find_spec("rclpy") is None:
        pytest.skip("rclpy is not installed")
    arguments = [*arguments, "--out", str(tmp_path)] if "cli" in module else arguments
    command = [sys.executable, "-c", PROGRAM, module, *arguments]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in DELAYS_S
    ]
    for process, delay_s in zip(processes, DELAYS_S, strict=True):
        assert process.stdout.readline() == "started\n"
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert "Traceback" not in output
        assert process.returncode == 130, output
