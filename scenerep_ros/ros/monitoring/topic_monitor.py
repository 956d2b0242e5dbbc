"""Detection of subscribed topics on which no messages arrive."""

from __future__ import annotations

import time
from typing import NamedTuple

SILENCE_TIMEOUT_S = 3.0
"""Time without a message after which a topic is reported as silent [s]."""


class TopicStates(NamedTuple):
    """Subscribed topics without messages.

    Attributes:
        silent: topics without a message for some seconds.
        waiting: topics on which no message has arrived yet.
    """

    silent: list[str]
    waiting: list[str]


NO_TOPICS = TopicStates([], [])


class TopicMonitor:
    """Records the latest message of each subscribed topic.

    Args:
        topics: names of the topics.
        timeout_s: time without a message after which a topic is silent [s].

    >>> monitor = TopicMonitor(["/color", "/depth"], timeout_s=60.0)
    >>> monitor.record("/color")
    >>> monitor.silent_topics()
    []
    """

    def __init__(self, topics: list[str], timeout_s: float = SILENCE_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._last_received = dict.fromkeys(topics, time.monotonic())
        self._without_message = set(topics)

    def record(self, topic: str) -> None:
        """Record the arrival of a message."""
        self._last_received[topic] = time.monotonic()
        self._without_message.discard(topic)

    def states(self) -> TopicStates:
        """Return the silent topics, and those on which no message has arrived yet."""
        waiting = [topic for topic in self._last_received if topic in self._without_message]
        return TopicStates(self.silent_topics(), waiting)

    def silent_topics(self) -> list[str]:
        """List the topics without a message for longer than the timeout."""
        deadline = time.monotonic() - self._timeout_s
        return [topic for topic, arrival in self._last_received.items() if arrival < deadline]
