"""Checks of a single topic: is it there, of the right type, heard, regular, sound?"""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from scenerep_ros.doctor.findings import Finding, fail, ok, warn
from scenerep_ros.doctor.observation import Endpoint, TopicView
from scenerep_ros.errors import suggest_names

SLOW = 5.0
"""Frames a second below which objects move too far between frames to keep their ids."""
GAP = 3.0
"""A pause of so many usual intervals is called a gap."""
SEGMENTER = Endpoint("/segmenter", "", reliable=False)
"""What the segmenter asks: sensor-data QoS."""


def check_topic(topic: TopicView, seconds: float) -> list[Finding]:
    """All checks of one topic, from its presence to its headers; stops where nothing is left to see.

    Args:
        topic: as observed.
        seconds: how long it was listened to.
    """
    presence = check_presence(topic)
    if presence:
        return [presence]
    problems = [*check_types(topic), *check_qos(topic)]
    if not topic.heard:
        return problems or [_silent(topic, seconds)]
    return [*problems, check_rate(topic), *check_headers(topic)]


def check_presence(topic: TopicView) -> Finding | None:
    """Does anybody publish it?"""
    if topic.publishers:
        return None
    hint = f"; {suggest_names(topic.name, topic.alternatives)}" if topic.alternatives else ""
    return fail(
        topic.name,
        "nobody publishes it",
        f"start the camera, or set the topic parameter to its name{hint}",
    )


def check_types(topic: TopicView) -> list[Finding]:
    """Is it of the type that the segmenter subscribes to?"""
    wrong = {p.type for p in topic.publishers} - {topic.type}
    return [
        fail(
            topic.name,
            f"has type {name}, expected {topic.type}",
            "set the topic, or transport (raw, compressed), to what the camera publishes",
        )
        for name in sorted(wrong)
    ]


def check_qos(topic: TopicView) -> list[Finding]:
    """Does each subscriber, the segmenter among them, hear each publisher?"""
    named = {subscriber.node for subscriber in topic.subscribers}
    subscribers = [*topic.subscribers, *([] if SEGMENTER.node in named else [SEGMENTER])]
    return [
        fail(
            topic.name,
            f"{subscriber.node} hears nothing from {publisher.node}: {conflict}",
            "make the publisher reliable, or the subscriber best effort (sensor data)",
        )
        for publisher in topic.publishers
        for subscriber in subscribers
        if (conflict := qos_conflict(publisher, subscriber))
    ]


def qos_conflict(publisher: Endpoint, subscriber: Endpoint) -> str:
    """Why DDS does not connect the two; empty if it does."""
    if subscriber.reliable and not publisher.reliable:
        return "it asks for reliable delivery, best effort is offered"
    if subscriber.transient_local and not publisher.transient_local:
        return "it asks for old messages (transient local), volatile is offered"
    return ""


def _silent(topic: TopicView, seconds: float) -> Finding:
    nodes = ", ".join(publisher.node for publisher in topic.publishers)
    return fail(
        topic.name,
        f"no message in {seconds:g} s, although {nodes} publishes it",
        "is the camera streaming (or the bag at its end)? if it is: a firewall, or Fast DDS without "
        "a profile",
    )


def check_rate(topic: TopicView) -> Finding:
    """Is it fast and regular enough?"""
    arrivals = [message.arrival for message in topic.heard]
    intervals = [later - earlier for earlier, later in pairwise(arrivals)]
    if not intervals or not median(intervals):
        return warn(topic.name, f"only {len(arrivals)} message(s)", "listen longer: --seconds 10")
    rate = 1.0 / median(intervals)
    if rate < SLOW:
        return warn(topic.name, f"{rate:.1f} Hz", "objects may lose their ids: use a higher rate")
    if max(intervals) > GAP / rate and max(intervals) > 1.0 / SLOW:
        return warn(
            topic.name,
            f"{rate:.1f} Hz, but a gap of {max(intervals) * 1e3:.0f} ms",
            "frames get lost: see Fast DDS and shared memory above, or the load of this machine",
        )
    return ok(topic.name, f"{rate:.1f} Hz")


def check_headers(topic: TopicView) -> list[Finding]:
    """Do stamps advance, and are frame ids such that tf2 takes them?"""
    return [*_check_stamps(topic), *_check_frame(topic)]


def _check_stamps(topic: TopicView) -> list[Finding]:
    steps = [later.stamp - earlier.stamp for earlier, later in pairwise(topic.heard)]
    if 0.0 in steps:
        advice = "let the driver stamp each message with its own time"
        return [fail(topic.name, "stamps repeat", advice)]
    if min(steps, default=1.0) < 0:
        advice = "all is well if a recording loops; else give the camera one clock, and one driver"
        return [warn(topic.name, "stamps jump back", advice)]
    return []


def _check_frame(topic: TopicView) -> list[Finding]:
    frame = topic.heard[-1].frame_id
    if not frame:
        return [warn(topic.name, "frame_id is empty", "set the driver's frame parameter")]
    if frame.startswith("/"):
        detail = f"frame_id {frame} begins with a slash"
        return [warn(topic.name, detail, "tf2 rejects it; rename it")]
    return []
