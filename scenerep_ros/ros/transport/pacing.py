"""When the next frame of a replay may go out."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event

POLL = 0.02
"""Seconds between two looks at a condition that nobody signals."""


class Pace(ABC):
    """Holds frames back; every wait ends early when the stop event is set."""

    @abstractmethod
    def wait(self, stamp_ns: int) -> None:
        """Return when the frame of this stamp may be published."""

    def finish(self) -> None:  # noqa: B027
        """Return when the last frame has been dealt with."""


class IntervalPace(Pace):
    """Keeps intervals; a late frame goes at once, and does not make the next ones hurry.

    Args:
        interval: seconds between the frames of the previous and of this stamp.
        stop: ends waits.
    """

    def __init__(self, interval: Callable[[int], float], stop: Event) -> None:
        self._interval = interval
        self._stop = stop
        self._due = 0.0

    def wait(self, stamp_ns: int) -> None:
        """Return an interval after the previous frame was due."""
        now = time.monotonic()
        self._due = max(self._due + self._interval(stamp_ns), now)
        self._stop.wait(self._due - now)


class RecordedInterval:
    """The time between a frame's stamp and the one before.

    Where stamps stand still or jump back, as at the end of a loop, it is the recording's usual one.

    Args:
        rate: frames a second of the recording.
    """

    def __init__(self, rate: float) -> None:
        self._usual = 1.0 / rate
        self._previous: int | None = None

    def __call__(self, stamp_ns: int) -> float:
        """Seconds since the previous call's stamp."""
        previous, self._previous = self._previous, stamp_ns
        if previous is None or stamp_ns <= previous:
            return self._usual
        return (stamp_ns - previous) * 1e-9


class Lockstep(Pace):
    """Lets a frame go when the subscriber has dealt with the one before.

    Args:
        dealt_with: whether the frame of a stamp needs no more waiting.
        timeout: seconds after which a frame counts as lost.
        lost: told the stamp of a frame that was not dealt with in time.
        stop: ends waits.
    """

    def __init__(
        self,
        dealt_with: Callable[[int], bool],
        timeout: float,
        lost: Callable[[int], None],
        stop: Event,
    ) -> None:
        self._dealt_with = dealt_with
        self._timeout = timeout
        self._lost = lost
        self._stop = stop
        self._previous: int | None = None

    def wait(self, stamp_ns: int) -> None:
        """Return when the previous frame was dealt with, or is lost."""
        self.finish()
        self._previous = stamp_ns

    def finish(self) -> None:
        """Wait for the frame that is under way, if there is one."""
        previous = self._previous
        if previous is None:
            return
        done = wait_until(lambda: self._dealt_with(previous), self._timeout, self._stop, 1e-3)
        if not done and not self._stop.is_set():
            self._lost(previous)


def wait_until(
    condition: Callable[[], bool], timeout: float, stop: Event, poll: float = POLL
) -> bool:
    """Look at a condition again and again; False if it stayed false, or stop was set.

    Args:
        condition: cheap to ask.
        timeout: seconds.
        stop: ends the wait.
        poll: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline or stop.wait(poll):
            return False
    return True
