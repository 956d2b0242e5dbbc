"""Pacing of a replay: the time at which each frame is published."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event

POLL_PERIOD_S = 0.02
"""Time between two checks of a condition [s]."""
LOCKSTEP_POLL_PERIOD_S = 0.001
"""Time between two checks for feedback [s]; it delays every frame."""
MAX_PAUSE_S = 60.0
"""Longest recorded interval that is kept [s]."""


class Pacer(ABC):
    """Delays frames. Every wait ends early when the stop event is set."""

    @abstractmethod
    def wait(self, stamp_ns: int) -> None:
        """Wait until the frame with this stamp may be published."""

    def finish(self) -> None:  # noqa: B027
        """Wait until the last frame is processed."""


class IntervalPacer(Pacer):
    """Keeps intervals between frames. A late frame does not shorten the following intervals.

    Args:
        interval: returns the time between the previous frame and the frame with this stamp [s].
        stop: event that ends a wait.
    """

    def __init__(self, interval: Callable[[int], float], stop: Event) -> None:
        self._interval = interval
        self._stop = stop
        self._due_s = 0.0

    def wait(self, stamp_ns: int) -> None:
        """Wait until one interval after the previous frame was due."""
        now = time.monotonic()
        self._due_s = max(self._due_s + self._interval(stamp_ns), now)
        self._stop.wait(self._due_s - now)


class RecordedInterval:
    """Computes the time between consecutive stamps.

    Where stamps do not advance, as at the restart of a loop, or leap, as after a pause of the recording
    or at a wild stamp, the interval is the nominal one.

    Args:
        rate: nominal frame rate of the recording [Hz].

    >>> interval = RecordedInterval(rate=10.0)
    >>> interval(0), interval(250_000_000), interval(0)
    (0.1, 0.25, 0.1)
    """

    def __init__(self, rate: float) -> None:
        self._nominal_interval_s = 1.0 / rate
        self._previous_ns: int | None = None

    def __call__(self, stamp_ns: int) -> float:
        """Return the time since the stamp of the previous call [s]."""
        previous_ns, self._previous_ns = self._previous_ns, stamp_ns
        if previous_ns is None or not 0 < stamp_ns - previous_ns <= MAX_PAUSE_S * 1e9:
            return self._nominal_interval_s
        return (stamp_ns - previous_ns) * 1e-9


class LockstepPacer(Pacer):
    """Releases a frame when the subscriber has processed the previous frame.

    Args:
        is_processed: returns True if the frame with this stamp is processed.
        timeout_s: time after which a frame counts as lost [s].
        on_timeout: called with the stamp of a lost frame.
        stop: event that ends a wait.
    """

    def __init__(
        self,
        is_processed: Callable[[int], bool],
        timeout_s: float,
        on_timeout: Callable[[int], None],
        stop: Event,
    ) -> None:
        self._is_processed = is_processed
        self._timeout_s = timeout_s
        self._on_timeout = on_timeout
        self._stop = stop
        self._previous_ns: int | None = None

    def wait(self, stamp_ns: int) -> None:
        """Wait until the previous frame is processed or lost."""
        self.finish()
        self._previous_ns = stamp_ns

    def finish(self) -> None:
        """Wait until the frame in progress is processed or lost."""
        previous_ns = self._previous_ns
        if previous_ns is None:
            return
        is_processed = wait_until(
            lambda: self._is_processed(previous_ns),
            self._timeout_s,
            self._stop,
            LOCKSTEP_POLL_PERIOD_S,
        )
        if not is_processed and not self._stop.is_set():
            self._on_timeout(previous_ns)


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float,
    stop: Event,
    poll_period_s: float = POLL_PERIOD_S,
) -> bool:
    """Poll a condition until it is true.

    Args:
        condition: function without side effects.
        timeout_s: maximum wait [s].
        stop: event that ends the wait.
        poll_period_s: time between two checks [s].

    Returns:
        False if the condition stayed false until the timeout or the stop event.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline or stop.wait(poll_period_s):
            return False
    return True
