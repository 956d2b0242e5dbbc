"""Endurance test of the segmenter: disturbances at full load, while its resources are recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.ros.tools.node_process import NodeProcess, node_process, wait_for
from scenerep_ros.ros.tools.process_usage import (
    ProcessUsage,
    mapped_segments,
    own_segments,
    process_usage,
)
from scenerep_ros.ros.tools.session import START_TIMEOUT_S, topics_without_data, use_private_network
from scenerep_ros.ros.transport.output_publishers import available_output_topics, output_qos
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
    settling_ratio: float = tuned(
        1 / 12,
        "part of the test at its beginning that the growth of memory does not count",
        set_on="argument: ten minutes of two hours; caches and allocators fill up",
    )
    max_growth_mb_per_hour: float = tuned(
        1.0,
        "growth of resident memory after the settling above which the test fails",
        unit="MB/h",
        set_on="argument: a robot runs for days",
    )
    min_trend_minutes: float = tuned(
        60.0,
        "duration from which the growth of memory decides; noise is larger in a shorter test",
        unit="min",
        set_on="argument: 1 MB/h is below the noise of an allocator for an hour",
    )


CONSTANTS = SoakConstants()
SERVICE_TIMEOUT_S = 60.0
TARGET_FRAME = "soak"
"""Fixed frame of the poses of the objects."""


@dataclass
class SoakReport:
    """Result of an endurance test.

    Attributes:
        minutes: duration [min].
        disturbances: number of disturbances by kind.
        received: number of messages by output.
        samples: time since the start [s] and resources.
        growth_mb_per_hour: slope of resident memory after the settling.
        leftover_segments: shared-memory files created by the segmenter that its end left.
        exit_code: exit code of the segmenter.
    """

    minutes: float = 0.0
    disturbances: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    samples: list[tuple[float, ProcessUsage]] = field(default_factory=list)
    growth_mb_per_hour: float = 0.0
    leftover_segments: list[str] = field(default_factory=list)
    exit_code: int | None = None

    @property
    def problems(self) -> list[str]:
        """Reasons for which the test fails; empty if it passes."""
        first, last = self._settled[0][1], self._settled[-1][1]
        problems = [
            f"{name} grew from {getattr(first, name)} to {getattr(last, name)}"
            for name in ("threads", "files", "segments")
            if getattr(last, name) > max(getattr(usage, name) for _, usage in self._settled[:10])
        ]
        is_long = self.minutes >= CONSTANTS.min_trend_minutes
        if is_long and self.growth_mb_per_hour > CONSTANTS.max_growth_mb_per_hour:
            problems.append(f"resident memory grows by {self.growth_mb_per_hour:.1f} MB an hour")
        if self.leftover_segments:
            problems.append(f"the segmenter left {', '.join(self.leftover_segments)}")
        if self.exit_code:
            problems.append(f"the segmenter ended with exit code {self.exit_code}")
        silent = [name for name, count in self.received.items() if not count]
        return problems + [f"no message on {name}" for name in silent]

    @property
    def _settled(self) -> list[tuple[float, ProcessUsage]]:
        start = self.samples[-1][0] * CONSTANTS.settling_ratio
        return [sample for sample in self.samples if sample[0] >= start]

    def measure_growth(self) -> None:
        """Fit a line to resident memory after the settling."""
        times = np.array([moment for moment, _ in self._settled])
        memory = np.array([usage.memory_mb for _, usage in self._settled])
        if len(times) > 1:
            self.growth_mb_per_hour = float(np.polyfit(times / 3600, memory, 1)[0])

    def write(self, path: Path) -> None:
        """Write a JSON file atomically.

        Raises:
            ScenerepError: if the file cannot be written.
        """
        content = asdict(self) | {"problems": self.problems}
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


class SoakClient(Node):
    """Subscribes to all outputs of the segmenter, and changes its parameters and its state."""

    def __init__(self) -> None:
        super().__init__("soak")
        topics = available_output_topics()
        self.received = dict.fromkeys(topics, 0)
        self._types = {name: topic.message_type for name, topic in topics.items()}
        self._subscriptions_by_name: dict[str, Any] = {}
        self._parameter_client = AsyncParameterClient(self, "/segmenter")
        self._state_client: Any = self.create_client(ChangeState, "/segmenter/change_state")
        self.is_tf_published = True
        if has_tf():
            self._create_tf()
        self._create_subscriptions()

    def subscribe(self) -> None:
        """Subscribe to all outputs."""
        self._execute(self._create_subscriptions)

    def unsubscribe(self) -> None:
        """Unsubscribe from all outputs."""
        self._execute(self._destroy_subscriptions)

    def _execute(self, work: Callable[[], None]) -> None:
        """Call a function in the executor's thread, which waits for the subscriptions' handles."""
        assert self.executor is not None
        _result(self.executor.create_task(work), "subscribe")

    def _create_subscriptions(self) -> None:
        for name, message_type in self._types.items():
            if name not in self._subscriptions_by_name:
                self._subscriptions_by_name[name] = self.create_subscription(
                    message_type,
                    f"/segmenter/{name}",
                    lambda _, n=name: self._count(n),
                    output_qos(),
                )

    def _destroy_subscriptions(self) -> None:
        while self._subscriptions_by_name:
            self.destroy_subscription(self._subscriptions_by_name.popitem()[1])

    def set_parameter(self, name: str, value: Any) -> None:
        """Set a parameter of the segmenter.

        Raises:
            ScenerepError: if it does not answer, or refuses.
        """
        future = self._parameter_client.set_parameters([Parameter(name, value=value)])
        (result,) = _result(future, f"set {name}").results
        if not result.successful:
            raise ScenerepError(f"the segmenter refused {name} = {value!r}: {result.reason}")

    def change_state(self, *transitions: int) -> None:
        """Request lifecycle transitions of the segmenter.

        Raises:
            ScenerepError: if it does not answer, or a transition fails.
        """
        for transition in transitions:
            request = ChangeState.Request(transition=Transition(id=transition))
            if not _result(self._state_client.call_async(request), "change the state").success:
                raise ScenerepError(f"transition {transition} of the segmenter failed")

    def is_active(self) -> bool:
        """Check that messages arrive."""
        return any(self.received.values())

    def _count(self, name: str) -> None:
        self.received[name] += 1

    def _create_tf(self) -> None:
        """Publish the pose of a moving camera at the stamp of every image."""
        from geometry_msgs.msg import TransformStamped
        from tf2_msgs.msg import TFMessage

        publisher = self.create_publisher(TFMessage, "/tf", 10)

        def publish(info: CameraInfo) -> None:
            if self.is_tf_published:
                transform = TransformStamped(
                    header=info.header, child_frame_id=info.header.frame_id
                )
                transform.header.frame_id = TARGET_FRAME
                transform.transform.translation.x = time.monotonic() % 1.0
                publisher.publish(TFMessage(transforms=[transform]))

        topic = ReplayConfig().camera_info_topic
        self.create_subscription(CameraInfo, topic, publish, qos_profile_sensor_data)


def soak(source: str, minutes: float, options: dict[str, object], folder: Path) -> SoakReport:
    """Run the segmenter at the highest rate of this machine, with disturbances.

    The recording loops at rate 0. In turn, subscribers leave and return, parameters change, the
    lifecycle is cycled with and without a reload of the weights, and the camera stops and returns.
    Where tf2 is installed, the poses of the objects need tf, which also stops and returns.

    Args:
        source: path of the recording.
        minutes: duration [min].
        options: parameters of the segmenter.
        folder: folder of the logs and of soak.json.

    Raises:
        ScenerepError: if the segmenter ends, or does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    use_private_network()
    report = SoakReport(minutes=minutes)
    with ExitStack() as stack:
        stack.enter_context(ros_context())
        client = SoakClient()
        stack.enter_context(spinning(client))
        parameters = {**topics_without_data(open_source(source)), **options}
        if has_tf():
            parameters["target_frame"] = TARGET_FRAME
        with node_process("segmenter", parameters, folder) as segmenter:
            camera = _Camera(source, folder)
            stack.callback(camera.stop)
            camera.start()
            wait_for(client.is_active, segmenter, START_TIMEOUT_S, "the first output", lambda: "")
            _disturb(report, client, segmenter, camera)
            segments = own_segments(segmenter.pid)
        report.exit_code = segmenter.exit_code
        report.received = dict(client.received)
        report.leftover_segments = _remaining(segments)
    report.measure_growth()
    report.write(folder / "soak.json")
    return report


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


def has_tf() -> bool:
    """Check that tf2 is installed, which the option target_frame needs."""
    return all(map(find_spec, ("tf2_ros", "tf2_msgs")))


def _remaining(segments: set[str]) -> list[str]:
    """Return those of the shared-memory files that exist and that no running process has mapped."""
    existing = {path for path in segments if Path(path).exists()}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or ended meanwhile
            existing -= mapped_segments(int(process.name))
    return sorted(existing)


def _result(future: Future, purpose: str) -> Any:
    deadline_s = time.monotonic() + SERVICE_TIMEOUT_S
    while not future.done():
        if time.monotonic() > deadline_s:
            raise ScenerepError(
                f"no answer to: {purpose}, within {SERVICE_TIMEOUT_S:g} s; see its log"
            )
        time.sleep(0.01)
    return future.result()
