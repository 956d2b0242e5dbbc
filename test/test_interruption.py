"""Ctrl-C while the executables start."""

import gc
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from scenerep_ros.interruption import run_module

SAMPLE = Path(__file__).parent / "data" / "tabletop"
PROGRAM = """
import sys
import time
from scenerep_ros.interruption import exit_at_interrupts, run_module

class PausedImport:
    def find_spec(self, name, *_):
        if name == paused:
            print("importing", flush=True)
            time.sleep(60)

exit_at_interrupts()
module, paused = sys.argv.pop(1), sys.argv.pop(1)
sys.meta_path.insert(0, PausedImport())
sys.exit(run_module(module))
"""
PAUSED = ("numpy", "pydantic", "cv2")
"""Modules during whose import the signal comes; all executables need them."""


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
    commands = [[sys.executable, "-c", PROGRAM, module, paused, *arguments] for paused in PAUSED]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for command in commands
    ]
    for process in processes:
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert "Traceback" not in output
        assert process.returncode == 130, output


@pytest.fixture
def restored_interpreter():
    """Restore the handler of SIGINT and the garbage collection."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)
    gc.unfreeze()


def test_module_imported_without_garbage_collection_runs_with_it(
    restored_interpreter, tmp_path, monkeypatch
):
    source = (
        "import gc\nenabled = gc.isenabled()\ndef main(): return 10 * enabled + gc.isenabled()\n"
    )
    (tmp_path / "program.py").write_text(source)
    (tmp_path / "broken.py").write_text("raise ImportError\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run_module("program") == 1
    with pytest.raises(ImportError):
        run_module("broken")
    assert gc.isenabled()
