"""Says what goes wrong: every time in the counters, now and then in the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from scenerep_ros.ros.monitoring.counters import FrameCounters

PERIOD = 5.0
"""Seconds between two log lines about the same thing."""

DROPS = {
    "no_depth": "colour images have no depth image within sync_slop; compare both topics' stamps "
    "and rates (scenerep doctor), or set depth_topic to nothing",
    "repeated_stamp": "colour images repeat a stamp; check the camera driver",
    "out_of_order": "colour images come with earlier stamps than the ones before; check that only "
    "one camera publishes on the topic",
    "time_jump": "time jumped back, so waiting colour images were dropped",
}
"""What to say about images that the synchroniser drops, by reason."""


class Reporter:
    """Counts and logs problems; called from several threads.

    Args:
        counters: that count each one.
        warn: writes a line to the log.
    """

    def __init__(self, counters: FrameCounters, warn: Callable[[str], None]) -> None:
        self._counters = counters
        self._warn = warn
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}

    def drop(self, reason: str, text: str = "") -> None:
        """A colour image ends without result; logged if there is something to say about it."""
        count = self._counters.drop(reason)
        self._say(reason, text or DROPS.get(reason, ""), f"{count} dropped")

    def note(self, kind: str, text: str = "") -> None:
        """Something is wrong, but costs no frame."""
        count = self._counters.note(kind)
        self._say(kind, text, f"{count} times")

    def _say(self, kind: str, text: str, count: str) -> None:
        now = time.monotonic()
        with self._lock:
            if not text or now - self._said.get(kind, -PERIOD) < PERIOD:
                return
            self._said[kind] = now
        self._warn(f"{text} ({kind}: {count})")
