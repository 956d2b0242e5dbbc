"""Recording of a camera to a bag that training and all commands read."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import TIMEOUT_MAX, Event
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import FrameError, ScenerepError
from scenerep_ros.filesystem.partial import partial_folder
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns
from scenerep_ros.ros.conversions.images import to_color
from scenerep_ros.ros.monitoring.counters import Counts, FrameCounters
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.nodes.spinning import spinning, stop_on_signals
from scenerep_ros.ros.nodes.worker import LatestFrameWorker
from scenerep_ros.ros.tools.bag_writer import BagWriter
from scenerep_ros.ros.transport.camera_input import CameraInput, RawFrame
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic, resolve_topics
from scenerep_ros.tracking.novelty import FrameSelector

EXPIRY_PERIOD_S = 0.5
"""Time between two searches for images without a partner [s]."""
TF, STATIC_TF = "/tf", "/tf_static"
TF_TOPICS = {TF: DurabilityPolicy.VOLATILE, STATIC_TF: DurabilityPolicy.TRANSIENT_LOCAL}
TF_QUEUE_DEPTH = 100
MAX_WAITING_TRANSFORMS = 10_000
"""constant: messages of one topic of tf that wait for a frame, ten seconds of a robot with 1 kHz."""


@dataclass(frozen=True)
class RecorderConstants:
    """Tuned constants of the recording."""

    flush_period_s: float = tuned(
        2.0,
        "time between two flushes of the bag to the disk: the part that a power cut destroys",
        unit="s",
        set_on="argument: a few frames; a slow card writes a few MB meanwhile",
    )


CONSTANTS = RecorderConstants()


@dataclass(frozen=True)
class RecordingLimits:
    """Bounds of a recording, each of which ends it; infinite ones do not.

    Attributes:
        seconds: duration [s].
        frames: number of recorded frames.
        megabytes: size of the bag [MB].
    """

    seconds: float
    frames: float
    megabytes: float


class Recorder:
    """Subscribes to a camera and to tf, and writes the frames that add something.

    Args:
        node: node that subscribes.
        config: topics of the camera.
        writer: writer of the bag.
        limits: bounds of the recording.

    Attributes:
        counters: received and recorded frames.
        done: event that is set when a bound is reached, or writing fails.
        error: error that ended the recording, or None.
    """

    def __init__(
        self, node: Node, config: NodeConfig, writer: BagWriter, limits: RecordingLimits
    ) -> None:
        self._topics = resolve_topics(node, config)
        self._writer, self._limits = writer, limits
        self._selector = FrameSelector()
        self.counters = FrameCounters()
        self.done = Event()
        self.error: Exception | None = None
        reporter = ProblemReporter(self.counters, _warner(node))
        self._worker = LatestFrameWorker[RawFrame](
            self._record, lambda _: reporter.report_drop("superseded"), self._on_error
        )
        self._input = CameraInput(
            node, lambda: config, self.counters, reporter, self._worker.submit
        )
        # Without a camera, only the latest ones are kept.
        self._transforms: dict[str, deque[Any]] = {
            topic: deque(maxlen=MAX_WAITING_TRANSFORMS) for topic in TF_TOPICS
        }
        self._stamp_ns = 0
        node.create_timer(EXPIRY_PERIOD_S, self._input.expire)
        self._subscribe_to_tf(node)
        self._worker.start()

    def close(self) -> None:
        """Unsubscribe, finish the frame in progress, and end the thread."""
        self._input.close()
        self._worker.close()
        self._write_transforms()

    def add_transforms(self, topic: str, message: Any) -> None:
        """Keep a message of tf, which is written with the next frame."""
        self._transforms[topic].append(message)

    def _subscribe_to_tf(self, node: Node) -> None:
        if find_spec("tf2_msgs") is None:
            return
        from tf2_msgs.msg import TFMessage

        for topic, durability in TF_TOPICS.items():
            qos = QoSProfile(depth=TF_QUEUE_DEPTH, durability=durability)
            node.create_subscription(
                TFMessage,
                topic,
                partial(self.add_transforms, topic),
                qos,
            )

    def _record(self, raw: RawFrame) -> None:
        """Write a frame if it adds something, and the transforms up to now."""
        if self.done.is_set():
            return
        self._stamp_ns = stamp_to_ns(raw.color.header.stamp)
        self._write_transforms()
        if self._selector.adds_something(RGBDFrame(to_color(raw.color, self._topics.color_topic))):
            self._write_frame(raw, self._stamp_ns)
        else:
            self.counters.count_dropped("unchanged")
        is_large = self._writer.megabytes >= self._limits.megabytes
        if is_large or self.counters.snapshot().segmented >= self._limits.frames:
            self.done.set()

    def _write_frame(self, raw: RawFrame, stamp_ns: int) -> None:
        topics = self._topics
        self._writer.write(color_topic(topics), raw.color, stamp_ns)
        if raw.depth is not None:
            self._writer.write(depth_topic(topics), raw.depth, stamp_to_ns(raw.depth.header.stamp))
        if raw.camera_info is not None:
            self._writer.write(topics.camera_info_topic, raw.camera_info, stamp_ns)
        self.counters.count_segmented({}, 0)

    def _write_transforms(self) -> None:
        """Write the waiting transforms; static ones, whose stamps may be 0, at the time of the frame."""
        for topic, waiting in self._transforms.items():
            while waiting:
                message = waiting.popleft()
                stamps = [stamp_to_ns(item.header.stamp) for item in message.transforms]
                is_stamped = topic == TF and any(stamps)
                self._writer.write(topic, message, max(stamps) if is_stamped else self._stamp_ns)

    def _on_error(self, error: Exception) -> None:
        self.counters.count_dropped("error")
        if not isinstance(error, FrameError):
            self.error = error
            self.done.set()


def _warner(node: Node) -> Callable[[str], None]:
    def warn(text: str) -> None:
        node.get_logger().warning(text)

    return warn


def record(config: NodeConfig, folder: Path, limits: RecordingLimits) -> str:
    """Record a camera until a bound is reached or a signal arrives.

    The folder appears when the recording is complete. Until then the bag is NAME.partial/NAME beside
    it, which stays readable if the process is killed.

    Args:
        config: topics of the camera.
        folder: folder of the bag, which must not exist or be empty.
        limits: bounds.

    Returns:
        Message for the user.

    Raises:
        ScenerepError: if no frame was recorded, or the bag cannot be written.
    """
    start_s = time.monotonic()
    with partial_folder(folder) as content:
        counts, megabytes = _record_bag(config, content, folder, limits)
    seconds = time.monotonic() - start_s
    return (
        f"{counts.segmented} of {counts.received} frames in {seconds:.0f} s, "
        f"{megabytes:.1f} MB, written to {folder}"
    )


def _record_bag(
    config: NodeConfig, content: Path, folder: Path, limits: RecordingLimits
) -> tuple[Counts, float]:
    """Write the bag to a folder, and return the counts of frames and its size [MB]."""
    with ros_context([]):
        writer = BagWriter(content, folder)
        node = rclpy.create_node("recorder")
        recorder = Recorder(node, config, writer, limits)
        with spinning(node), stop_on_signals(recorder.done):
            try:
                _flush_until_done(recorder, writer, limits.seconds)
            finally:
                recorder.close()
        writer.close()
        if recorder.error is not None:
            raise ScenerepError(str(recorder.error)) from recorder.error
        counts = recorder.counters.snapshot()
        if not counts.segmented:
            shutil.rmtree(content)
            raise ScenerepError(
                f"no frame of {config.color_topic} was recorded ({counts.received} images received); "
                "check the topics with scenerep doctor"
            )
        return counts, writer.megabytes


def _flush_until_done(recorder: Recorder, writer: BagWriter, seconds: float) -> None:
    end_s = time.monotonic() + min(seconds, TIMEOUT_MAX)
    while (left_s := end_s - time.monotonic()) > 0:
        if recorder.done.wait(min(left_s, CONSTANTS.flush_period_s)):
            return
        writer.flush()
