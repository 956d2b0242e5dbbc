"""Checks of a single topic: publishers, types, QoS, rate, stamps and frame ids."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from scenerep_ros.config.constants import tuned
from scenerep_ros.doctor.findings import Finding, fail, ok, warn
from scenerep_ros.doctor.observation import Endpoint, TopicObservation
from scenerep_ros.errors import suggest_names


@dataclass(frozen=True)
class TopicCheckConstants:
    """Tuned constants of the checks of a topic."""

    min_rate_hz: float = tuned(
        5.0,
        "rate below which objects move too far between frames to keep their ids",
        unit="Hz",
        set_on="not recorded",
    )
    max_gap_ratio: float = tuned(
        3.0,
        "ratio of an interval between messages to the median interval above which it is a gap",
        set_on="not recorded",
    )


CONSTANTS = TopicCheckConstants()

SEGMENTER = Endpoint("/segmenter", "", is_reliable=False)
"""Subscription of the segmenter, with sensor-data QoS."""


def check_topic(topic: TopicObservation, duration_s: float) -> list[Finding]:
    """Run all checks of one topic, as far as its publishers and messages allow.

    Args:
        topic: observation of the topic.
        duration_s: duration of the observation [s].
    """
    missing_publisher = check_publisher(topic)
    if missing_publisher:
        return [missing_publisher]
    problems = [*check_types(topic), *check_qos(topic)]
    if not topic.messages:
        return problems or [_no_message(topic, duration_s)]
    return [*problems, check_rate(topic), *check_headers(topic)]


def check_publisher(topic: TopicObservation) -> Finding | None:
    """Check that the topic has a publisher."""
    if topic.publishers:
        return None
    hint = f"; {suggest_names(topic.name, topic.alternatives)}" if topic.alternatives else ""
    return fail(
        topic.name,
        "has no publisher",
        f"start the camera, or set the topic parameter to its name{hint}",
    )


def check_types(topic: TopicObservation) -> list[Finding]:
    """Check that publishers use the message type to which the segmenter subscribes."""
    other_types = {publisher.type for publisher in topic.publishers} - {topic.type}
    return [
        fail(
            topic.name,
            f"has type {name}, expected {topic.type}",
            "set the topic, or transport (raw, compressed), to what the camera publishes",
        )
        for name in sorted(other_types)
    ]


def check_qos(topic: TopicObservation) -> list[Finding]:
    """Check that the QoS of each subscriber, and of the segmenter, matches each publisher."""
    subscriber_names = {subscriber.node for subscriber in topic.subscribers}
    is_segmenter_running = SEGMENTER.node in subscriber_names
    subscribers = [*topic.subscribers, *([] if is_segmenter_running else [SEGMENTER])]
    return [
        fail(
            topic.name,
            f"{subscriber.node} receives nothing from {publisher.node}: {conflict}",
            "make the publisher reliable, or the subscriber best effort (sensor data)",
        )
        for publisher in topic.publishers
        for subscriber in subscribers
        if (conflict := qos_conflict(publisher, subscriber))
    ]


def qos_conflict(publisher: Endpoint, subscriber: Endpoint) -> str:
    """Return the reason why DDS does not connect two endpoints; empty if it connects them."""
    if subscriber.is_reliable and not publisher.is_reliable:
        return "it requires reliable delivery, best effort is offered"
    if subscriber.is_transient_local and not publisher.is_transient_local:
        return "it requires earlier messages (transient local), volatile is offered"
    return ""


def _no_message(topic: TopicObservation, duration_s: float) -> Finding:
    nodes = ", ".join(publisher.node for publisher in topic.publishers)
    return fail(
        topic.name,
        f"no message in {duration_s:g} s, although {nodes} publishes it",
        "check that the camera streams (or the bag still plays); if it does, check the firewall and "
        "the profile of Fast DDS",
    )


def check_rate(topic: TopicObservation) -> Finding:
    """Check that the rate is high and regular enough."""
    arrivals = [message.arrival for message in topic.messages]
    intervals = [later - earlier for earlier, later in pairwise(arrivals)]
    if not intervals or not median(intervals):
        return warn(topic.name, f"only {len(arrivals)} message(s)", "observe longer: --seconds 10")
    rate = 1.0 / median(intervals)
    if rate < CONSTANTS.min_rate_hz:
        return warn(topic.name, f"{rate:.1f} Hz", "objects may lose their ids: use a higher rate")
    max_interval = max(intervals)
    is_gap = max_interval > CONSTANTS.max_gap_ratio / rate
    if is_gap and max_interval > 1.0 / CONSTANTS.min_rate_hz:
        return warn(
            topic.name,
            f"{rate:.1f} Hz, but a gap of {max_interval * 1e3:.0f} ms",
            "frames get lost: see Fast DDS and shared memory above, or the load of this machine",
        )
    return ok(topic.name, f"{rate:.1f} Hz")


def check_headers(topic: TopicObservation) -> list[Finding]:
    """Check that stamps advance and tf2 accepts the frame ids."""
    return [*_check_stamps(topic), *_check_frame_id(topic)]


def _check_stamps(topic: TopicObservation) -> list[Finding]:
    steps = [later.stamp - earlier.stamp for earlier, later in pairwise(topic.messages)]
    if 0.0 in steps:
        advice = "let the driver stamp each message with its own time"
        return [fail(topic.name, "stamps repeat", advice)]
    if min(steps, default=1.0) < 0:
        advice = "ignore this if a recording loops; else use one clock and one driver"
        return [warn(topic.name, "stamps jump back", advice)]
    return []


def _check_frame_id(topic: TopicObservation) -> list[Finding]:
    frame_id = topic.messages[-1].frame_id
    if not frame_id:
        return [warn(topic.name, "frame_id is empty", "set the driver's frame parameter")]
    if frame_id.startswith("/"):
        detail = f"frame_id {frame_id} begins with a slash"
        return [warn(topic.name, detail, "tf2 rejects it; rename it")]
    return []
