"""Counters of received, segmented and dropped frames, with the timings of the segmented frames."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class CounterConstants:
    """Tuned constants of the frame statistics."""

    max_timed_frames: int = tuned(
        1000, "number of latest frames whose timings are kept", set_on="not recorded"
    )
    rate_window_s: float = tuned(
        5.0,
        "time over which the current rate, drops and warnings are measured",
        unit="s",
        set_on="not recorded",
    )


CONSTANTS = CounterConstants()


@dataclass(frozen=True)
class RecentCounts:
    """Counts of the latest seconds, which describe the current state.

    Attributes:
        segmented: number of frames whose results were published.
        dropped: number of images without results, by reason.
        warnings: number of problems that cost no frame, by kind.
    """

    segmented: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Consistent copy of the counters.

    Attributes:
        received: number of color images received.
        segmented: number of received images whose results were published.
        dropped: number of received images without results, by reason.
        warnings: number of problems that cost no frame, by kind.
        objects: sum of the object counts of all segmented frames.
        rate: segmented frames per second over the latest seconds.
        mean_rate: segmented frames per second from the first to the last segmented frame.
        recent: counts of the latest seconds.
        timings: durations of the latest frames by stage [ms].
    """

    received: int = 0
    segmented: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    objects: int = 0
    rate: float = 0.0
    mean_rate: float = 0.0
    recent: RecentCounts = field(default_factory=RecentCounts)
    timings: tuple[Mapping[str, float], ...] = ()

    @property
    def objects_per_frame(self) -> float:
        """Mean object count of all segmented frames."""
        return self.objects / max(self.segmented, 1)


class FrameCounters:
    """Thread-safe counters. While no frame is in progress, received = segmented + dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = 0
        self._segmented = 0
        self._objects = 0
        self._dropped: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._timings: deque[Mapping[str, float]] = deque(maxlen=CONSTANTS.max_timed_frames)
        self._end_times: deque[float] = deque(maxlen=CONSTANTS.max_timed_frames)
        self._first_end_time = 0.0
        self._recent_drops = _RecentEvents()
        self._recent_warnings = _RecentEvents()

    def count_received(self) -> None:
        """Count a received color image."""
        with self._lock:
            self._received += 1

    def count_dropped(self, reason: str) -> int:
        """Count a color image without results; return the count for this reason."""
        with self._lock:
            self._dropped[reason] += 1
            self._recent_drops.add(reason)
            return self._dropped[reason]

    def count_warning(self, kind: str) -> int:
        """Count a problem that costs no frame; return the count for this kind."""
        with self._lock:
            self._warnings[kind] += 1
            self._recent_warnings.add(kind)
            return self._warnings[kind]

    def count_segmented(self, timings: Mapping[str, float], objects: int) -> None:
        """Count a published frame with its timings [ms] and its number of objects."""
        now = time.monotonic()
        with self._lock:
            self._first_end_time = self._first_end_time or now
            self._segmented += 1
            self._objects += objects
            self._timings.append(timings)
            self._end_times.append(now)

    def snapshot(self) -> Counts:
        """Return a copy of all counters at one moment."""
        with self._lock:
            end_times = tuple(self._end_times)
            window_start = time.monotonic() - CONSTANTS.rate_window_s
            recent = [end_time for end_time in end_times if end_time > window_start]
            elapsed = end_times[-1] - self._first_end_time if end_times else 0.0
            return Counts(
                received=self._received,
                segmented=self._segmented,
                dropped=dict(self._dropped),
                warnings=dict(self._warnings),
                objects=self._objects,
                rate=_frame_rate(len(recent), recent[-1] - recent[0] if recent else 0.0),
                mean_rate=_frame_rate(self._segmented, elapsed),
                recent=RecentCounts(
                    len(recent), self._recent_drops.counts(), self._recent_warnings.counts()
                ),
                timings=tuple(self._timings),
            )


class _RecentEvents:
    """Events of the latest seconds by kind."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, str]] = deque(maxlen=CONSTANTS.max_timed_frames)

    def add(self, kind: str) -> None:
        self._events.append((time.monotonic(), kind))

    def counts(self) -> dict[str, int]:
        window_start = time.monotonic() - CONSTANTS.rate_window_s
        return dict(Counter(kind for moment, kind in self._events if moment > window_start))


def _frame_rate(frames: int, seconds: float) -> float:
    """Compute frames per second from the time between the first and the last frame's end."""
    return (frames - 1) / seconds if seconds > 0 else 0.0
