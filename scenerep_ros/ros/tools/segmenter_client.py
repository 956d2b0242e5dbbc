"""Client of the segmenter: subscribes to its outputs and its status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from scenerep_ros.errors import ScenerepError
from scenerep_ros.report import FrameCounts, Latency, RunReport
from scenerep_ros.ros.tools.settling import SessionProgress, SettlingDetector
from scenerep_ros.ros.transport.output_publishers import OUTPUT_TOPICS, output_qos

QUEUE_DEPTH = 20
"""Messages per output that wait for their handler. A slow handler loses none in a short session."""
DIAGNOSTICS_QUEUE_DEPTH = 50
LATENCY_PREFIX = "latency_ms."
DROPPED_PREFIX = "dropped."


class SegmenterClient(Node):
    """Subscribes to outputs of `segmenter`, and to /diagnostics for its status.

    Args:
        handlers: functions called with each message, by the output's name.
    """

    def __init__(self, handlers: Mapping[str, Callable[[Any], None]]) -> None:
        super().__init__("segmenter_client")
        self._status: dict[str, str] = {}
        self._handled = Counter(dict.fromkeys(handlers, 0))
        self._error: ScenerepError | None = None
        self._detector: SettlingDetector | None = None
        self._output_subscriptions = {
            name: self.create_subscription(
                OUTPUT_TOPICS[name].message_type,
                f"/segmenter/{name}",
                partial(self._call_handler, name, handler),
                output_qos(QUEUE_DEPTH),
            )
            for name, handler in handlers.items()
        }
        self.create_subscription(
            DiagnosticArray, "/diagnostics", self._on_diagnostics, DIAGNOSTICS_QUEUE_DEPTH
        )

    def is_ready(self) -> bool:
        """Check that the segmenter is active and publishes each subscribed output."""
        return self._status.get("state") == "active" and not self._unpublished_outputs()

    def start_settling(self, published: int) -> None:
        """Start the detection of the end, after a replay has published so many frames."""
        self._detector = SettlingDetector(published)

    def is_settled(self) -> bool:
        """Check that the segmenter has processed all frames, and that the outputs are handled."""
        return self._detector is not None and self._detector.is_settled

    def raise_handler_error(self) -> None:
        """Raise the error of a handler in the calling thread.

        Raises:
            ScenerepError: if a handler has failed, for example because the disk is full.
        """
        if self._error is not None:
            raise self._error

    def describe_progress(self) -> str:
        """Describe the latest status for an error message."""
        if not self._status:
            return "no status of the segmenter was received"
        progress = self._progress()
        handled = ", ".join(f"{count} {name}" for name, count in progress.handled.items())
        unpublished = self._unpublished_outputs()
        return (
            f"latest status: {self._status['state']}, {progress.received} frames received, "
            f"{progress.segmented} segmented, {progress.dropped} dropped; "
            f"messages handled: {handled or 'none subscribed'}"
            + (f"; outputs without publisher: {', '.join(unpublished)}" if unpublished else "")
        )

    def report(self, published: int) -> RunReport:
        """Create the report of a settled session.

        Args:
            published: number of frames that the replay published. Frames that the segmenter did not
                receive count as dropped.
        """
        status = self._status
        received, segmented = int(status["received"]), int(status["segmented"])
        return RunReport(
            frames=FrameCounts(published, received, segmented, published - segmented),
            fps=float(status["mean_rate_hz"]),
            latency_ms=parse_latency(status),
            objects_per_frame=float(status["objects_per_frame"]),
            backbone=status["backbone"],
            method=status["method"],
            device=status["device"],
            runtime=status["runtime"],
            dropped=_parse_drops(status) | {"lost_in_transport": published - received},
        )

    def _call_handler(self, name: str, handler: Callable[[Any], None], message: Any) -> None:
        """Call a handler. An error raised here would end the executor's thread, so it is stored."""
        try:
            handler(message)
        except ScenerepError as error:
            self._error = error
        self._handled[name] += 1

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.partition(":")[0].strip("/") == "segmenter":
                self._update_status({pair.key: pair.value for pair in status.values})

    def _update_status(self, status: dict[str, str]) -> None:
        self._status = status
        if self._detector is not None:
            self._detector.update(self._progress())

    def _progress(self) -> SessionProgress:
        received, segmented, dropped = (
            int(self._status[key]) for key in ("received", "segmented", "dropped")
        )
        return SessionProgress(received, segmented, dropped, dict(self._handled))

    def _unpublished_outputs(self) -> list[str]:
        return [
            name
            for name, subscription in self._output_subscriptions.items()
            if not self.count_publishers(subscription.topic_name)
        ]


def _parse_drops(status: Mapping[str, str]) -> dict[str, int]:
    return {
        key.removeprefix(DROPPED_PREFIX): int(value)
        for key, value in status.items()
        if key.startswith(DROPPED_PREFIX)
    }


def parse_latency(status: Mapping[str, str]) -> Latency:
    """Collect the keys `latency_ms.STAGE.FIGURE` into one table, in the order of the stages.

    >>> parse_latency({"latency_ms.publish/labels.median": "1.5", "received": "3"})
    {'publish/labels': {'median': 1.5}}
    """
    table: Latency = {}
    for key, value in status.items():
        if key.startswith(LATENCY_PREFIX):
            stage, _, figure = key.removeprefix(LATENCY_PREFIX).rpartition(".")
            table.setdefault(stage, {})[figure] = float(value)
    return table
