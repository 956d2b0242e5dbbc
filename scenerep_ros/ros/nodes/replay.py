"""Node `replay`: publishes a recording as a camera would."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from threading import Event
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from tqdm import tqdm

from scenerep_ros.config.options import ReplayConfig
from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.ros.conversions.camera_messages import CameraMessages, camera_messages, from_stamp
from scenerep_ros.ros.nodes.parameters import declare_options
from scenerep_ros.ros.nodes.spinning import signals_set, spinning
from scenerep_ros.ros.transport.camera_publishers import CameraPublishers
from scenerep_ros.ros.transport.pacing import (
    IntervalPace,
    Lockstep,
    Pace,
    RecordedInterval,
    wait_until,
)
from scenerep_ros.sources import open_source
from scenerep_ros.sources.playback import Playback, read_ahead

READ_AHEAD = 8
"""Frames that are decoded before their time."""
ANSWER_TIMEOUT = 10.0
"""Seconds after which the answer to a frame counts as lost."""
MATCH_TIMEOUT = 2.0
"""Seconds for the other topics to be matched once the colour topic is, and for the last messages."""
SETTLE = 0.5
"""Seconds: a subscriber learns of us a moment after we learn of it, and hears nothing before."""


class ReplayNode(Node):
    """Publishes a source at a pace, and says on /diagnostics how far it is.

    Args:
        options: values of parameters, by name; they beat those of the command line.

    Raises:
        ConfigError: if a parameter has a value that cannot work.
        SourceError: if the source cannot be opened.
    """

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        overrides = [Parameter(name, value=value) for name, value in (options or {}).items()]
        super().__init__("replay", parameter_overrides=overrides)
        self.config = declare_options(self, ReplayConfig)
        if not self.config.source:
            raise ConfigError("option source is empty; name the recording to replay")
        self.stop = Event()
        self.published = 0
        self.unanswered = 0
        self._finished = False
        self._source = open_source(self.config.source)
        self._playback = Playback(self._source, self.config.loop, self.config.max_frames)
        self._camera = CameraPublishers(self, self.config)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._answered: int | None = None
        if self.config.rate == 0 and self.config.feedback_topic:
            self.create_subscription(
                Image, self.config.feedback_topic, self._on_answer, qos_profile_sensor_data
            )
        self.create_timer(1.0, self._report)

    def play(self) -> None:
        """Publish the whole source, or until `stop` is set.

        Raises:
            SourceError: if the recording ends in damage, or no frame of it is readable.
        """
        self._await_subscribers()
        start = time.monotonic()
        try:
            self._publish_all()
        finally:
            self._say_goodbye(time.monotonic() - start)

    def _await_subscribers(self) -> None:
        """Wait for the colour topic's subscriber, then shortly for all that belongs to it."""
        color, timeout = self._camera.color, self.config.subscriber_timeout
        if not wait_until(lambda: matched(color), timeout, self.stop):
            if not self.stop.is_set():
                self.get_logger().warning(
                    f"nobody subscribed to {color.topic_name} within {timeout:g} s: replaying anyway"
                )
            return
        wait_until(lambda: all(map(matched, self._camera.all)), MATCH_TIMEOUT, self.stop)
        if self.config.rate == 0:
            wait_until(self._has_feedback, MATCH_TIMEOUT, self.stop)
        self.stop.wait(SETTLE)

    def _publish_all(self) -> None:
        pace = self._pace()
        frames = (camera_messages(frame, self.config.transport) for frame in self._playback)
        with closing(read_ahead(frames, READ_AHEAD)) as stream:
            for messages in tqdm(stream, total=self._playback.total, unit="frame", disable=None):
                pace.wait(from_stamp(messages.stamp))
                if self.stop.is_set():
                    return
                self._publish(messages)
        pace.finish()

    def _publish(self, messages: CameraMessages) -> None:
        self._answered = None
        self._camera.publish(messages)
        self.published += 1
        if self.published == 1:
            self._warn_of_missing(messages)

    def _warn_of_missing(self, messages: CameraMessages) -> None:
        for what, topic, message in (
            ("depth", self.config.depth_topic, messages.depth),
            ("intrinsics", self.config.camera_info_topic, messages.camera_info),
        ):
            if topic and message is None:
                self.get_logger().warning(
                    f"{self._source.name} has no {what}: nothing is published on {topic}; "
                    "give the segmenter an empty topic there"
                )

    def _pace(self) -> Pace:
        rate = self.config.rate
        if rate == 0:
            return Lockstep(self._is_done, ANSWER_TIMEOUT, self._on_lost, self.stop)
        if rate < 0:
            return IntervalPace(RecordedInterval(self._source.rate), self.stop)
        return IntervalPace(lambda _: 1.0 / rate, self.stop)

    def _has_feedback(self) -> bool:
        topic = self.config.feedback_topic
        return bool(topic) and self.count_publishers(topic) > 0

    def _is_done(self, stamp_ns: int) -> bool:
        """Whether a frame was answered; where nobody answers, whether it was received."""
        if self._has_feedback():
            return self._answered == stamp_ns
        return self._camera.color.wait_for_all_acked(Duration(nanoseconds=0))

    def _on_answer(self, labels: Image) -> None:
        self._answered = from_stamp(labels.header.stamp)

    def _on_lost(self, stamp_ns: int) -> None:
        self.unanswered += 1
        self.get_logger().warning(
            f"no answer on {self.config.feedback_topic} to the frame of {stamp_ns * 1e-9:.6f} s "
            f"within {ANSWER_TIMEOUT:g} s: going on"
        )

    def _report(self) -> None:
        """Publish the counts: strings a program can read, as diagnostics are."""
        counts = {
            "source": self.config.source,
            "published": self.published,
            "skipped": self._playback.skipped,
            "unanswered": self.unanswered,
            "finished": str(self._finished).lower(),
        }
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name="replay",
            message="finished" if self._finished else "replaying",
            values=[KeyValue(key=key, value=str(value)) for key, value in counts.items()],
        )
        report = DiagnosticArray(status=[status])
        report.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(report)

    def _say_goodbye(self, seconds: float) -> None:
        """Report, and stay until the last messages have arrived: they go when this process goes."""
        self._finished = True
        self._report()
        timeout = Duration(seconds=MATCH_TIMEOUT)
        for publisher in (*self._camera.all, self._diagnostics):
            publisher.wait_for_all_acked(timeout)
        self.get_logger().info(
            f"replayed {self.published} frames of {self._source.kind} {self._source.name} in "
            f"{seconds:.1f} s ({self.published / max(seconds, 1e-9):.1f} a second), "
            f"{self._playback.skipped} unreadable"
        )


def matched(publisher: Any) -> bool:
    """Whether anybody subscribes to a publisher."""
    return publisher.get_subscription_count() > 0


def replay(options: dict[str, Any] | None = None, args: list[str] | None = None) -> None:
    """Run the node until its source ends, or SIGINT or SIGTERM comes.

    Args:
        options: values of parameters, by name.
        args: ROS arguments; None takes the process's.

    Raises:
        ConfigError, SourceError: as ReplayNode and ReplayNode.play.
    """
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = ReplayNode(options)
        with signals_set(node.stop), spinning(node):
            node.play()
    finally:
        rclpy.try_shutdown()


def main(args: list[str] | None = None) -> int:
    """Entry point of the executable `replay`; returns the exit code."""
    try:
        replay(args=args)
    except ScenerepError as error:
        sys.stderr.write(f"replay: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
