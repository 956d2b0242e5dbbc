"""Recording of a camera to a bag that training and all commands read."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import TIMEOUT_MAX, Event
from typing import Any, Final

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import FrameError, ScenerepError
from scenerep_ros.filesystem.atomic import atomic_folder, write_error
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns
from scenerep_ros.ros.conversions.images import to_color
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.nodes.spinning import spinning, stop_on_signals
from scenerep_ros.ros.nodes.worker import LatestFrameWorker
from scenerep_ros.ros.transport.camera_input import CameraInput, RawFrame
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic, resolve_topics
from scenerep_ros.tracking.novelty import FrameSelector

BAG_VERSION: Final = 9
"""Version of metadata.yaml; rosbags writes no later one."""
EXPIRY_PERIOD_S = 0.5
"""Time between two searches for images without a partner [s]."""
TF, STATIC_TF = "/tf", "/tf_static"
TF_TOPICS = {TF: DurabilityPolicy.VOLATILE, STATIC_TF: DurabilityPolicy.TRANSIENT_LOCAL}
TF_QUEUE_DEPTH = 100
MAX_WAITING_TRANSFORMS = 10_000
"""constant: messages of one topic of tf that wait for a frame, ten seconds of a robot with 1 kHz."""


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


class BagWriter:
    """Writes messages to a compressed bag.

    Args:
        folder: folder of the bag, which must not exist.
        name: folder that an error names; None: the same.

    Raises:
        ScenerepError: if the folder cannot be written to, as in all methods.
    """

    def __init__(self, folder: Path, name: Path | None = None) -> None:
        self._folder, self._name = folder, name or folder
        self._writer = Writer(folder, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        with self._named_errors():
            self._writer.open()
        self._typestore = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Any] = {}

    def write(self, topic: str, message: Any, stamp_ns: int) -> None:
        """Write a message of any type of sensor_msgs or tf2_msgs."""
        with self._named_errors():
            if topic not in self._connections:
                name = f"{type(message).__module__.partition('.')[0]}/msg/{type(message).__name__}"
                self._connections[topic] = self._writer.add_connection(
                    topic, name, typestore=self._typestore
                )
            self._writer.write(self._connections[topic], stamp_ns, serialize_message(message))

    @property
    def megabytes(self) -> float:
        """Size of the files so far [MB]; the last chunk is not written yet."""
        return sum(path.stat().st_size for path in self._folder.iterdir()) / 1e6

    def close(self) -> None:
        """Complete the bag."""
        with self._named_errors():
            self._writer.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_error(self._name, error) from error


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
        """Unsubscribe, and finish the frame in progress."""
        self._input.close()
        self._worker.stop()
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

    The folder appears when the recording is complete.

    Args:
        config: topics of the camera.
        folder: folder of the bag, which must not exist or be empty.
        limits: bounds.

    Returns:
        Message for the user.

    Raises:
        ScenerepError: if no frame was recorded, or the bag cannot be written.
    """
    with ExitStack() as stack:
        content = stack.enter_context(atomic_folder(folder, lambda _: False)) / folder.name
        stack.enter_context(ros_context([]))
        writer = BagWriter(content, folder)
        node = rclpy.create_node("recorder")
        recorder = Recorder(node, config, writer, limits)
        with spinning(node), stop_on_signals(recorder.done):
            start_s = time.monotonic()
            recorder.done.wait(min(limits.seconds, TIMEOUT_MAX))
            recorder.close()
        writer.close()
        counts = recorder.counters.snapshot()
        if recorder.error is not None:
            raise ScenerepError(str(recorder.error)) from recorder.error
        if not counts.segmented:
            raise ScenerepError(
                f"no frame of {config.color_topic} was recorded ({counts.received} images received); "
                "check the topics with scenerep doctor"
            )
        _move_up(content)
        seconds = time.monotonic() - start_s
        return (
            f"{counts.segmented} of {counts.received} frames in {seconds:.0f} s, "
            f"{writer_size(content.parent):.1f} MB, written to {folder}"
        )


def writer_size(folder: Path) -> float:
    """Return the size of the files of a folder [MB]."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def _move_up(folder: Path) -> None:
    """Move the content of a folder into its parent, and remove it."""
    for path in list(folder.iterdir()):
        shutil.move(path, folder.parent)
    folder.rmdir()
