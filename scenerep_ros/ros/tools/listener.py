"""Hears the segmenter's outputs and both nodes' accounts of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from scenerep_ros.errors import ScenerepError
from scenerep_ros.report import FrameCounts, Latency, RunReport
from scenerep_ros.ros.transport.output_publishers import OUTPUTS, output_qos

Facts = dict[str, str]

LATENCY = "latency_ms."
DROPPED = "dropped."


class Listener(Node):
    """Subscribes to outputs of `segmenter`, and to /diagnostics for the counts.

    Args:
        handlers: called with each message, by the output's name.
    """

    def __init__(self, handlers: Mapping[str, Callable[[Any], None]]) -> None:
        super().__init__("listener")
        self._facts: dict[str, Facts] = {}
        self._repeated = 0
        self._error: ScenerepError | None = None
        self._outputs = [
            self.create_subscription(
                OUTPUTS[name][0], f"/segmenter/{name}", partial(self._handle, handler), output_qos()
            )
            for name, handler in handlers.items()
        ]
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)

    def is_ready(self) -> bool:
        """Whether the segmenter is active, and each subscribed output has its publisher."""
        found = [self.count_publishers(output.topic_name) for output in self._outputs]
        return self._of("segmenter").get("state") == "active" and all(found)

    def is_settled(self) -> bool:
        """Whether the recording is over and every frame that arrived has been dealt with.

        A frame may still be on its way when the account is given, so the last account has to be
        given twice.

        Raises:
            ScenerepError: if a handler could not do its work, on a full disk say.
        """
        if self._error is not None:
            raise self._error
        return self._of("replay").get("finished") == "true" and self._repeated >= 1

    def report(self) -> RunReport:
        """Join both nodes' accounts: what was published and never arrived was dropped, too."""
        facts = self._of("segmenter")
        published = int(self._of("replay")["published"])
        received, segmented = int(facts["received"]), int(facts["segmented"])
        reasons = {key[len(DROPPED) :]: int(facts[key]) for key in facts if key.startswith(DROPPED)}
        return RunReport(
            frames=FrameCounts(published, received, segmented, published - segmented),
            fps=float(facts["mean_rate_hz"]),
            latency_ms=latency_of(facts),
            objects_per_frame=float(facts["objects_per_frame"]),
            backbone=facts["backbone"],
            method=facts["method"],
            device=facts["device"],
            dropped=reasons | {"lost_in_transport": published - received},
        )

    def _handle(self, handler: Callable[[Any], None], message: Any) -> None:
        """Keep an error for the thread that waits: here it would end the one that listens."""
        try:
            handler(message)
        except ScenerepError as error:
            self._error = error

    def _of(self, node: str) -> Facts:
        return self._facts.get(node, {})

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node = status.name.partition(":")[0].strip("/")
            facts = {pair.key: pair.value for pair in status.values}
            if node == "segmenter":
                self._repeated = self._repeated + 1 if self._is_repeated(facts) else 0
            self._facts[node] = facts

    def _is_repeated(self, facts: Facts) -> bool:
        """Whether nothing is under way, and nothing has happened since the last account."""
        before = self._of("segmenter")
        counts = ("received", "segmented", "dropped")
        idle = int(facts["received"]) == int(facts["segmented"]) + int(facts["dropped"])
        return idle and all(facts[key] == before.get(key) for key in counts)


def latency_of(facts: Facts) -> Latency:
    """Collect `latency_ms.STAGE.FIGURE` into one table, in the order of the stages."""
    table: Latency = {}
    for key, value in facts.items():
        if key.startswith(LATENCY):
            stage, _, figure = key[len(LATENCY) :].rpartition(".")
            table.setdefault(stage, {})[figure] = float(value)
    return table
