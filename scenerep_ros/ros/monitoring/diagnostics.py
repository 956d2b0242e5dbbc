"""The node's state as diagnostic_msgs, for people and for programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from scenerep_ros.report import summarize_latency
from scenerep_ros.ros.monitoring.counters import Counts

SILENCE = 3.0
"""Seconds without a message after which a topic is called silent."""


class TopicWatch:
    """Knows which of the topics that should speak do not.

    Args:
        topics: names of all that are subscribed.
    """

    def __init__(self, topics: list[str]) -> None:
        self._heard = dict.fromkeys(topics, time.monotonic())

    def hear(self, topic: str) -> None:
        """Take note of a message."""
        self._heard[topic] = time.monotonic()

    def silent(self) -> list[str]:
        """Topics without a message for SILENCE seconds."""
        oldest = time.monotonic() - SILENCE
        return [topic for topic, heard in self._heard.items() if heard < oldest]


def status(
    name: str, state: str, silent: list[str], counts: Counts, facts: Mapping[str, Any]
) -> DiagnosticStatus:
    """Summarise the node.

    Args:
        name: of the node, fully qualified.
        state: of its life cycle: unconfigured, inactive, active, finalized.
        silent: topics that should speak and do not.
        counts: of frames.
        facts: what runs: backbone, method, device.

    Returns:
        Level STALE unless active, WARN if a topic is silent, else OK. Keys: received, segmented,
        dropped, dropped.REASON, noted.KIND, rate_hz, mean_rate_hz, objects_per_frame,
        latency_ms.STAGE.median and .p95, state, and the facts'.
    """
    level, message = _verdict(state, silent, counts)
    values = {"state": state, **facts, **_numbers(counts)}
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(
        level=level,
        name=f"{name.strip('/')}: segmentation",
        message=message,
        hardware_id=str(facts.get("device", "")),
        values=pairs,
    )


def _verdict(state: str, silent: list[str], counts: Counts) -> tuple[bytes, str]:
    if state != "active":
        return DiagnosticStatus.STALE, f"{state}; segments nothing until it is activated"
    if silent:
        return DiagnosticStatus.WARN, f"no messages on {', '.join(silent)}"
    return DiagnosticStatus.OK, f"segmenting {counts.rate:.1f} frames/s"


def _numbers(counts: Counts) -> dict[str, float | str]:
    numbers: dict[str, float | str] = {
        "received": counts.received,
        "segmented": counts.segmented,
        "dropped": sum(counts.dropped.values()),
        "rate_hz": f"{counts.rate:.2f}",
        "mean_rate_hz": f"{counts.mean_rate:.2f}",
        "objects_per_frame": f"{counts.objects_per_frame:.2f}",
    }
    numbers |= {f"dropped.{reason}": count for reason, count in counts.dropped.items()}
    numbers |= {f"noted.{kind}": count for kind, count in counts.noted.items()}
    for stage, figures in summarize_latency(counts.timings).items():
        numbers |= {f"latency_ms.{stage}.{name}": value for name, value in figures.items()}
    return numbers
