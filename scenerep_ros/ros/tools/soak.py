"""Endurance test of the segmenter: disturbances at full load, while its resources are recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from lifecycle_msgs.msg import Transition

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import ScenerepError
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.ros.tools.node_process import NodeProcess, node_process, wait_for
from scenerep_ros.ros.tools.process_usage import mapped_segments, own_segments, process_usage
from scenerep_ros.ros.tools.session import START_TIMEOUT_S, topics_without_data, use_private_network
from scenerep_ros.ros.tools.soak_client import TARGET_FRAME, SoakClient, has_tf
from scenerep_ros.ros.tools.soak_report import SoakReport
from scenerep_ros.ros.transport.shared_memory import SHARED_MEMORY
from scenerep_ros.sources import open_source


@dataclass(frozen=True)
class SoakConstants:
    """Tuned constants of the endurance test."""

    sample_period_s: float = tuned(
        2.0, "time between two samples of the resources", unit="s", set_on="not recorded"
    )
    disturbance_period_s: float = tuned(
        6.0, "time between two disturbances", unit="s", set_on="argument: several frames on a CPU"
    )


CONSTANTS = SoakConstants()


def soak(source: str, minutes: float, options: dict[str, object], folder: Path) -> SoakReport:
    """Run the segmenter at the highest rate of this machine, with disturbances.

    The recording loops at rate 0. In turn, subscribers leave and return, parameters change, the
    lifecycle is cycled with and without a reload of the weights, and the camera stops and returns.
    Where tf2 is installed, the poses of the objects need tf, which also stops and returns.

    A test that fails half-way keeps its samples and names the failure among its problems.

    Args:
        source: path of the recording.
        minutes: duration [min].
        options: parameters of the segmenter.
        folder: folder of the logs and of soak.json.

    Raises:
        ScenerepError: if soak.json cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    use_private_network()
    report = SoakReport(minutes=minutes)
    try:
        _run(report, source, options, folder)
    except (ScenerepError, OSError) as error:  # OSError: /proc of a process that has just ended
        report.failure = str(error)
    except KeyboardInterrupt:
        report.failure = "interrupted"
        raise
    finally:
        report.measure_growth()
        report.write(folder / "soak.json")
    return report


def _run(report: SoakReport, source: str, options: dict[str, object], folder: Path) -> None:
    """Start the nodes, disturb them for the duration, and stop them."""
    with ExitStack() as stack:
        stack.enter_context(ros_context())
        client = SoakClient()
        report.received = client.received
        stack.enter_context(spinning(client))
        parameters = {**topics_without_data(open_source(source)), **options}
        if has_tf():
            parameters["target_frame"] = TARGET_FRAME
        # Ports that killed processes have left are taken over, and stay.
        former = set(map(str, SHARED_MEMORY.iterdir()))
        with node_process("segmenter", parameters, folder) as segmenter:
            camera = _Camera(source, folder)
            stack.callback(camera.stop)
            camera.start()
            wait_for(client.is_active, segmenter, START_TIMEOUT_S, "the first output", lambda: "")
            _disturb(report, client, segmenter, camera)
            segments = own_segments(segmenter.pid) - former
        report.exit_code = segmenter.exit_code
        report.leftover_segments = _remaining(segments)


class _Camera:
    """Replay in a process of its own, which can be unplugged."""

    def __init__(self, source: str, folder: Path) -> None:
        self._options = {
            "source": str(Path(source).absolute()),
            "rate": 0.0,
            "loop": True,
            "feedback_topic": "auto",
        }
        self._folder = folder
        self._process: NodeProcess | None = None

    def start(self) -> None:
        self._process = NodeProcess("replay", self._options, self._folder)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()


def _disturb(
    report: SoakReport, client: SoakClient, segmenter: NodeProcess, camera: _Camera
) -> None:
    start_s = time.monotonic()
    next_disturbance_s = start_s + CONSTANTS.disturbance_period_s
    disturbances = _disturbances(client, camera)
    while (now_s := time.monotonic()) < start_s + report.minutes * 60:
        segmenter.raise_if_exited()
        report.samples.append((now_s - start_s, process_usage(segmenter.pid)))
        if now_s >= next_disturbance_s:
            name = next(disturbances)
            report.disturbances[name] = report.disturbances.get(name, 0) + 1
            next_disturbance_s = time.monotonic() + CONSTANTS.disturbance_period_s
        time.sleep(CONSTANTS.sample_period_s)


def _disturbances(client: SoakClient, camera: _Camera) -> Iterator[str]:
    """Apply one disturbance at each step, and yield its name."""
    for max_lost in cycle((10, 30)):
        client.unsubscribe()
        yield "subscribers leave"
        client.subscribe()
        yield "subscribers return"
        client.set_parameter("tracking.max_lost", max_lost)
        yield "parameter changed"
        client.change_state(Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE)
        yield "deactivated and activated"
        camera.stop()
        yield "camera unplugged"
        camera.start()
        yield "camera returns"
        if has_tf():
            client.is_tf_published = False
            yield "tf missing"
            client.is_tf_published = True
            yield "tf returns"
        client.change_state(
            Transition.TRANSITION_DEACTIVATE,
            Transition.TRANSITION_CLEANUP,
            Transition.TRANSITION_CONFIGURE,
            Transition.TRANSITION_ACTIVATE,
        )
        yield "weights reloaded"


def _remaining(segments: set[str]) -> list[str]:
    """Return those of the shared-memory files that exist and that no running process has mapped."""
    existing = {path for path in segments if Path(path).exists()}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or ended meanwhile
            existing -= mapped_segments(int(process.name))
    return sorted(existing)
