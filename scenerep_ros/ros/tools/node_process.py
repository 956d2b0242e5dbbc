"""Nodes in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scenerep_ros.errors import ScenerepError

STOP_TIMEOUT_S = 60.0
"""Time for a node to exit after SIGINT, before it is killed [s]."""
POLL_PERIOD_S = 0.05
LOG_TAIL_LINES = 8
"""Number of lines from the end of the log in an error message."""


class NodeProcess:
    """Process of one node, whose output is written to a log file.

    Args:
        name: name of the node and of its module.
        options: parameters of the node by name.
        log_folder: folder of NAME.log.
    """

    def __init__(self, name: str, options: Mapping[str, object], log_folder: Path) -> None:
        self.name = name
        self._log_file = log_folder / f"{name}.log"
        command = [sys.executable, "-m", f"scenerep_ros.ros.nodes.{name}", "--ros-args"]
        for key, value in options.items():
            command += ["-p", f"{key}:={json.dumps(value)}"]  # JSON is YAML with quotes
        with self._log_file.open("w") as log:
            # In a session of its own, the node receives no Ctrl-C: this process stops the nodes.
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code; None while the process runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Interrupt the process, and kill it after a timeout."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def raise_if_exited(self) -> None:
        """Check that the process runs.

        Raises:
            ScenerepError: if it has exited; with the end of its log.
        """
        if self.exit_code is not None:
            raise self.error(f"ended with exit code {self.exit_code}")

    def error(self, text: str) -> ScenerepError:
        """Create an error that quotes the end of the log."""
        lines = self._log_file.read_text(errors="replace").splitlines()
        tail = "\n".join(lines[-LOG_TAIL_LINES:])
        return ScenerepError(f"node {self.name} {text}; the end of {self._log_file}:\n{tail}")


@contextmanager
def node_process(
    name: str, options: Mapping[str, object], log_folder: Path
) -> Iterator[NodeProcess]:
    """Run a node in a process of its own while the body runs."""
    process = NodeProcess(name, options, log_folder)
    try:
        yield process
    finally:
        process.stop()


def wait_for(
    condition: Callable[[], bool],
    process: NodeProcess,
    timeout_s: float,
    purpose: str,
    describe_progress: Callable[[], str],
) -> None:
    """Poll a condition that a process fulfills, until it is true.

    Args:
        condition: function without side effects.
        process: process that must run meanwhile.
        timeout_s: maximum wait [s].
        purpose: noun phrase of the awaited event, for the error.
        describe_progress: returns the current progress, for the error.

    Raises:
        ScenerepError: if the process exits, or the condition is false after the timeout.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        process.raise_if_exited()
        if time.monotonic() > deadline:
            raise process.error(
                f"timed out: waited {timeout_s:g} s for {purpose}; {describe_progress()}"
            )
        time.sleep(POLL_PERIOD_S)
