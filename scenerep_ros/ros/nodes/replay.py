"""Node `replay`: publishes a recording like a camera driver."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from tqdm import tqdm

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.interruption import INTERRUPTED, end_process, interrupt_once
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.conversions.camera_messages import (
    CameraMessages,
    camera_messages,
    publishable_stamp_ns,
    stamp_to_ns,
)
from scenerep_ros.ros.monitoring.diagnostics import diagnostics_message, replay_status
from scenerep_ros.ros.monitoring.replay_report import ReplayReport
from scenerep_ros.ros.nodes.parameters import declare_options
from scenerep_ros.ros.nodes.spinning import spinning, stop_on_signals
from scenerep_ros.ros.transport.camera_publishers import CameraPublishers
from scenerep_ros.ros.transport.feedback import Feedback
from scenerep_ros.ros.transport.pacing import (
    IntervalPacer,
    LockstepPacer,
    Pacer,
    RecordedInterval,
    wait_until,
)
from scenerep_ros.sources import open_source
from scenerep_ros.sources.options import SourceOptions
from scenerep_ros.sources.playback import Playback, each_warning_once, prefetch


@dataclass(frozen=True)
class ReplayConstants:
    """Tuned constants of the replay."""

    prefetch_frames: int = tuned(
        8, "number of frames that are decoded in advance", set_on="not recorded"
    )
    feedback_timeout_s: float = tuned(
        10.0,
        "time after which the feedback on a frame counts as lost",
        unit="s",
        set_on="not recorded",
    )
    match_timeout_s: float = tuned(
        2.0,
        "time to match the other topics after the color topic, and to deliver the last messages",
        unit="s",
        set_on="not recorded",
    )
    match_margin_s: float = tuned(
        0.5,
        "time by which a subscriber may match this node later than this node matches it",
        unit="s",
        set_on="not recorded",
    )


CONSTANTS = ReplayConstants()
DIAGNOSTICS_PERIOD_S = 1.0


class ReplayNode(Node):
    """Publishes a recording, and its progress on /diagnostics.

    Args:
        options: parameter values by name. They override the command line.

    Attributes:
        stop: event that ends the replay.

    Raises:
        ConfigError: if a parameter has an invalid value.
        SourceError: if the source cannot be opened.
    """

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        overrides = [Parameter(name, value=value) for name, value in (options or {}).items()]
        _check_encodable(str((options or {}).get("source", "")))
        super().__init__("replay", parameter_overrides=overrides)
        self.config = declare_options(self, ReplayConfig)
        if not self.config.source:
            raise ConfigError("option source is empty; name the recording to replay")
        self.stop = Event()
        self._published = 0
        self._unanswered = 0
        self._is_finished = False
        slop_ns = round(self.config.sync_slop * 1e9)
        choice = SourceOptions(camera=self.config.camera, sync_slop_ns=slop_ns)
        self._source = open_source(self.config.source, choice)
        self._playback = Playback(self._source, self.config.loop, self.config.max_frames)
        self._camera = CameraPublishers(self, self.config)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._feedback = Feedback(self, self.config.feedback_topic, self._camera.color)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics)

    @property
    def report(self) -> ReplayReport:
        """Current counts."""
        return ReplayReport(
            self.config.source, self._published, self._playback.skipped, self._unanswered
        )

    def play(self) -> None:
        """Publish the whole source, or until `stop` is set, and write the report file.

        Raises:
            SourceError: if the recording is damaged, or has no readable frame.
            ScenerepError: if the report file cannot be written.
        """
        self._wait_for_subscribers()
        start_s = time.monotonic()
        try:
            with each_warning_once():
                self._publish_frames()
        finally:
            self._finish(time.monotonic() - start_s)

    def _wait_for_subscribers(self) -> None:
        """Wait for a subscriber of the color topic, then shortly for those of the other topics."""
        color, timeout_s = self._camera.color, self.config.subscriber_timeout
        if not wait_until(lambda: has_subscribers(color), timeout_s, self.stop):
            if not self.stop.is_set():
                self.get_logger().warning(
                    f"nobody subscribed to {color.topic_name} within {timeout_s:g} s: replaying "
                    "anyway"
                )
            return
        timeout_s = CONSTANTS.match_timeout_s
        wait_until(lambda: all(map(has_subscribers, self._camera.publishers)), timeout_s, self.stop)
        if self.config.rate == 0:
            wait_until(self._feedback.subscribe, timeout_s, self.stop)
        self.stop.wait(CONSTANTS.match_margin_s)

    def _publish_frames(self) -> None:
        pacer = self._create_pacer()
        with closing(prefetch(self._messages(), CONSTANTS.prefetch_frames)) as stream:
            for messages in tqdm(stream, total=self._playback.total, unit="frame", disable=None):
                pacer.wait(stamp_to_ns(messages.stamp))
                if self.stop.is_set():
                    return
                self._publish(messages)
        pacer.finish()

    def _messages(self) -> Iterator[CameraMessages]:
        """Convert the frames of the source."""
        transports = self.config.transport, self.config.depth_transport
        has_warned = False
        for frame in self._playback:
            if not has_warned and frame.stamp_ns != publishable_stamp_ns(frame.stamp_ns):
                has_warned = True
                self.get_logger().warning(
                    f"{self._source.name}: frame {frame.name} has the stamp {frame.stamp_ns * 1e-9:.3f} "
                    "s, and messages hold 1970 to 2038 only; such stamps are moved by 2^31 s (68 years)"
                )
            yield camera_messages(frame, *transports)

    def _publish(self, messages: CameraMessages) -> None:
        self._feedback.expect_frame()
        self._camera.publish(messages)
        self._published += 1
        if self._published == 1:
            self._warn_about_missing_data(messages)

    def _warn_about_missing_data(self, messages: CameraMessages) -> None:
        for data, topic, message in (
            ("depth", self.config.depth_topic, messages.depth),
            ("intrinsics", self.config.camera_info_topic, messages.camera_info),
        ):
            if topic and message is None:
                self.get_logger().warning(
                    f"{self._source.name} has no {data}: nothing is published on {topic}; "
                    "give the segmenter an empty topic there"
                )

    def _create_pacer(self) -> Pacer:
        rate = self.config.rate
        if rate == 0:
            timeout_s = CONSTANTS.feedback_timeout_s
            return LockstepPacer(self._is_processed, timeout_s, self._on_unanswered, self.stop)
        if rate < 0:
            return IntervalPacer(RecordedInterval(self._source.rate), self.stop)
        return IntervalPacer(lambda _: 1.0 / rate, self.stop)

    def _is_processed(self, stamp_ns: int) -> bool:
        """Check for the feedback on a frame; without a feedback publisher, for its delivery."""
        if self._feedback.has_publishers():
            return self._feedback.is_answered(stamp_ns)
        return self._camera.color.wait_for_all_acked(Duration(nanoseconds=0))

    def _on_unanswered(self, stamp_ns: int) -> None:
        self._unanswered += 1
        self.get_logger().warning(
            f"no answer on {', '.join(self._feedback.topics)} to the frame of {stamp_ns * 1e-9:.6f} s "
            f"within {CONSTANTS.feedback_timeout_s:g} s: going on ({self._published} frames "
            f"published, {self._unanswered} of them unanswered)"
        )

    def _publish_diagnostics(self) -> None:
        status = replay_status(self.get_fully_qualified_name(), self.report, self._is_finished)
        self._diagnostics.publish(diagnostics_message(status, self.get_clock().now().to_msg()))

    def _finish(self, duration_s: float) -> None:
        """Report the counts, and wait for the delivery of the last messages.

        Undelivered messages are lost when the process exits. The report file is not.
        """
        self._is_finished = True
        self._publish_diagnostics()
        timeout = Duration(seconds=CONSTANTS.match_timeout_s)
        for publisher in (*self._camera.publishers, self._diagnostics):
            publisher.wait_for_all_acked(timeout)
        if self.config.report_file:
            self.report.write(Path(self.config.report_file))
        self.get_logger().info(
            f"replayed {self._published} frames of {self._source.format_name} {self._source.name} in "
            f"{duration_s:.1f} s ({self._published / max(duration_s, 1e-9):.1f} a second), "
            f"{self._playback.skipped} unreadable"
        )


def _check_encodable(source: str) -> None:
    """Refuse a path that ROS cannot hold as a parameter, before it ends in an error of the middleware.

    Raises:
        ConfigError: if it is not UTF-8.
    """
    try:
        source.encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"option source = {source!r}: is not UTF-8, as parameters of ROS must be; rename it, or "
            "name a link to it"
        ) from None


def has_subscribers(publisher: Any) -> bool:
    """Check that a publisher is matched with at least one subscriber."""
    return publisher.get_subscription_count() > 0


def replay(options: dict[str, Any] | None = None, args: list[str] | None = None) -> None:
    """Run the node until its source ends, or until SIGINT or SIGTERM.

    Args:
        options: parameter values by name.
        args: ROS arguments; None: those of the process.

    Raises:
        ConfigError, SourceError, ScenerepError: as ReplayNode and ReplayNode.play.
    """
    with ros_context(args):
        node = ReplayNode(options)
        with stop_on_signals(node.stop), spinning(node):
            node.play()


def main(args: list[str] | None = None) -> int:
    """Run the executable `replay`; return the exit code."""
    try:
        with interrupt_once():
            replay(args=args)
    except ScenerepError as error:
        sys.stderr.write(f"replay: {error}\n")
        return 1
    except KeyboardInterrupt:  # before the start of the replay, which handles signals itself
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    end_process(main())
