"""What became of every image that arrived, and how long the good ones took."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

REMEMBERED = 1000
"""Frames whose timings are kept for the latency figures."""
RECENT = 5.0
"""Seconds over which the present rate is taken."""


@dataclass(frozen=True)
class Counts:
    """A consistent copy of the counters.

    Attributes:
        received: colour images that arrived.
        segmented: of these, those whose results were published.
        dropped: of these, those that were not, by reason.
        noted: other things that went wrong, by kind; they cost no frame.
        objects: sum over all segmented frames.
        rate: segmented frames a second, over the last seconds.
        mean_rate: the same from the first segmented frame to the last.
        timings: milliseconds a stage, of the last frames.
    """

    received: int = 0
    segmented: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, int] = field(default_factory=dict)
    objects: int = 0
    rate: float = 0.0
    mean_rate: float = 0.0
    timings: tuple[Mapping[str, float], ...] = ()

    @property
    def objects_per_frame(self) -> float:
        """Mean over all segmented frames."""
        return self.objects / max(self.segmented, 1)


class FrameCounters:
    """Counts from several threads; once nothing is under way, received = segmented + dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = 0
        self._segmented = 0
        self._objects = 0
        self._dropped: Counter[str] = Counter()
        self._noted: Counter[str] = Counter()
        self._timings: deque[Mapping[str, float]] = deque(maxlen=REMEMBERED)
        self._ends: deque[float] = deque(maxlen=REMEMBERED)
        self._first_end = 0.0

    def receive(self) -> None:
        """Count a colour image that arrived."""
        with self._lock:
            self._received += 1

    def drop(self, reason: str) -> int:
        """Count a colour image that ended without result; returns how many for this reason."""
        with self._lock:
            self._dropped[reason] += 1
            return self._dropped[reason]

    def note(self, kind: str) -> int:
        """Count something that costs no frame; returns how often it happened."""
        with self._lock:
            self._noted[kind] += 1
            return self._noted[kind]

    def finish(self, timings: Mapping[str, float], objects: int) -> None:
        """Count a published frame."""
        now = time.monotonic()
        with self._lock:
            self._first_end = self._first_end or now
            self._segmented += 1
            self._objects += objects
            self._timings.append(timings)
            self._ends.append(now)

    def counts(self) -> Counts:
        """Return all of it, as of one moment."""
        with self._lock:
            ends = tuple(self._ends)
            recent = [end for end in ends if end > time.monotonic() - RECENT]
            return Counts(
                received=self._received,
                segmented=self._segmented,
                dropped=dict(self._dropped),
                noted=dict(self._noted),
                objects=self._objects,
                rate=_rate(len(recent), recent[-1] - recent[0] if recent else 0.0),
                mean_rate=_rate(self._segmented, ends[-1] - self._first_end if ends else 0.0),
                timings=tuple(self._timings),
            )


def _rate(frames: int, seconds: float) -> float:
    """Frames a second, between the first frame's end and the last one's."""
    return (frames - 1) / seconds if seconds > 0 else 0.0
