"""A recording through the real nodes: `segmenter` and `replay` as processes, and us listening."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import rclpy
from rclpy.signals import SignalHandlerOptions

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.share import fastdds_environment
from scenerep_ros.report import RunReport
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.ros.tools.listener import Listener
from scenerep_ros.sources import Source, open_source

START_TIMEOUT = 180.0
"""Seconds for the segmenter to load its weights and become active."""
STOP_TIMEOUT = 15.0
"""Seconds for a node to end after SIGINT, before it is killed."""
POLL = 0.05

Handlers = Mapping[str, Callable[[Any], None]]
"""What to do with the messages of an output of `segmenter`, by the output's name."""


def run_session(
    source: str,
    options: Mapping[str, object],
    handlers: Handlers,
    logs: Path,
    max_frames: int = 0,
) -> RunReport:
    """Replay a recording into the segmenter as fast as it keeps up, and account for every frame.

    Args:
        source: the recording.
        options: parameters of `segmenter` that differ from their defaults.
        handlers: called in another thread; only outputs named here are subscribed.
        logs: folder for segmenter.log and replay.log.
        max_frames: stop after so many frames; 0: all.

    Raises:
        ScenerepError: if a node fails; with the end of its log.
    """
    logs.mkdir(parents=True, exist_ok=True)
    use_private_network()
    with ExitStack() as stack:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        stack.callback(rclpy.try_shutdown)
        listener = Listener(handlers)
        stack.enter_context(spinning(listener))
        topics = silent_topics(open_source(source))
        segmenter = stack.enter_context(node_process("segmenter", {**topics, **options}, logs))
        wait_for(listener.is_ready, segmenter, START_TIMEOUT)
        recording = str(Path(source).absolute())
        parameters = {"source": recording, "rate": 0.0, "max_frames": max_frames}
        with node_process("replay", parameters, logs) as replay:
            _finish(replay, segmenter)
        wait_for(listener.is_settled, segmenter, START_TIMEOUT)
        return listener.report()


def silent_topics(source: Source) -> dict[str, str]:
    """Parameters that tell the segmenter which topics a recording has nothing for."""
    frame = next(iter(source), None)
    missing = {
        "depth_topic": frame is not None and frame.depth is None,
        "camera_info_topic": frame is not None and frame.intrinsics is None,
    }
    return {name: "" for name, absent in missing.items() if absent}


def use_private_network() -> None:
    """Keep other robots' nodes out, and give Fast DDS room for images; the user's choice wins."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.update(fastdds_environment())


class NodeProcess:
    """A node in a process of its own, with its log.

    Args:
        name: of the node, and of its module.
        options: its parameters.
        logs: folder for NAME.log.
    """

    def __init__(self, name: str, options: Mapping[str, object], logs: Path) -> None:
        self.name = name
        self._log = logs / f"{name}.log"
        command = [sys.executable, "-m", f"scenerep_ros.ros.nodes.{name}", "--ros-args"]
        for key, value in options.items():
            command += ["-p", f"{key}:={json.dumps(value)}"]  # JSON is YAML with quotes
        with self._log.open("w") as log:
            # A session of its own: Ctrl-C reaches this process alone, which stops the nodes.
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask it to end, and make sure of it."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def failure(self, what: str) -> ScenerepError:
        """Describe what went wrong by the end of the log."""
        end = "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        return ScenerepError(f"node {self.name} {what}; the end of {self._log}:\n{end}")


@contextmanager
def node_process(name: str, options: Mapping[str, object], logs: Path) -> Iterator[NodeProcess]:
    """Run a node while the body runs."""
    process = NodeProcess(name, options, logs)
    try:
        yield process
    finally:
        process.stop()


def wait_for(condition: Callable[[], bool], process: NodeProcess, timeout: float) -> None:
    """Wait until a condition holds.

    Raises:
        ScenerepError: if the process ends before, or the time is up.
    """
    end = time.monotonic() + timeout
    while not condition():
        if process.exit_code is not None:
            raise process.failure(f"ended with exit code {process.exit_code}")
        if time.monotonic() > end:
            raise process.failure(f"was not ready after {timeout:g} s")
        time.sleep(POLL)


def _finish(replay: NodeProcess, segmenter: NodeProcess) -> None:
    """Wait for the end of the recording."""
    while replay.exit_code is None:
        if segmenter.exit_code is not None:
            raise segmenter.failure(f"ended with exit code {segmenter.exit_code}")
        time.sleep(POLL)
    if replay.exit_code != 0:
        raise replay.failure(f"ended with exit code {replay.exit_code}")
