"""Pairs of colour and depth images by their stamps.

Pure Python: it sees stamps and payloads, no messages. message_filters' Python version keeps its
lock for ever when a callback raises, and loses matches when a bag starts again; here nothing is
locked, pairs are returned instead of called back, and a jump of time starts afresh.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

Color = TypeVar("Color")
Depth = TypeVar("Depth")
Payload = TypeVar("Payload")
OnDrop: TypeAlias = Callable[[str], None]

JUMP_NS = 200_000_000
"""A step back of this much is a new start (a bag that loops); less is an image out of order."""
PATIENCE = 1.0
"""Seconds that an image waits for its partner."""
MOST_WAITING = 10
"""Images of one kind that wait at a time."""


@dataclass(frozen=True)
class Pair(Generic[Color, Depth]):
    """Images that belong together.

    Attributes:
        stamp_ns: of the colour image, nanoseconds.
        color, depth: the payloads; depth is None for a colour-only camera.
        epoch: number of time jumps before it; ids of another epoch mean nothing.
    """

    stamp_ns: int
    color: Color
    depth: Depth | None
    epoch: int


@dataclass(frozen=True)
class _Image(Generic[Payload]):
    stamp_ns: int
    payload: Payload
    arrival: float


@dataclass
class _Stream(Generic[Payload]):
    """One topic: its last stamp, and its images that still wait for a partner, oldest first."""

    on_drop: OnDrop
    unpaired: str
    last: int | None = None
    jumps: int = 0
    waiting: deque[_Image[Payload]] = field(default_factory=deque)

    def admit(self, stamp_ns: int) -> bool:
        """Say whether the next stamp follows the last one; start afresh where time jumps back."""
        back = 0 if self.last is None else self.last - stamp_ns
        if self.last is not None and 0 <= back < JUMP_NS:
            self.on_drop("out_of_order" if back else "repeated_stamp")
            return False
        if back >= JUMP_NS:
            self.jumps += 1
            self.clear("time_jump")
        self.last = stamp_ns
        return True

    def wait(self, stamp_ns: int, payload: Payload) -> None:
        self.waiting.append(_Image(stamp_ns, payload, time.monotonic()))
        if len(self.waiting) > MOST_WAITING:
            self._drop(self.unpaired)

    def take_nearest(self, stamp_ns: int, slop_ns: int) -> _Image[Payload] | None:
        """Remove and return the image nearest in time; older ones will never find a partner."""
        if not self.waiting:
            return None
        nearest = min(self.waiting, key=lambda image: abs(image.stamp_ns - stamp_ns))
        if abs(nearest.stamp_ns - stamp_ns) > slop_ns:
            return None
        while self.waiting[0] is not nearest:
            self._drop(self.unpaired)
        return self.waiting.popleft()

    def expire(self, oldest: float) -> None:
        while self.waiting and self.waiting[0].arrival < oldest:
            self._drop(self.unpaired)

    def clear(self, reason: str) -> None:
        while self.waiting:
            self._drop(reason)

    def _drop(self, reason: str) -> None:
        self.waiting.popleft()
        self.on_drop(reason)


class Synchronizer(ABC, Generic[Color, Depth]):
    """Turns images that arrive one by one into pairs."""

    @abstractmethod
    def add_color(self, stamp_ns: int, color: Color) -> Pair[Color, Depth] | None:
        """Take a colour image; returns the pair that it completes."""

    @abstractmethod
    def add_depth(self, stamp_ns: int, depth: Depth) -> Pair[Color, Depth] | None:
        """Take a depth image; returns the pair that it completes."""

    def expire(self) -> None:
        """Drop images that have waited longer than PATIENCE; call it now and then."""

    def clear(self, reason: str) -> None:
        """Drop all waiting images."""


class ColorOnly(Synchronizer[Color, Depth]):
    """For a camera without depth: each colour image is complete.

    Args:
        on_drop: called with the reason for each image that is not used.
    """

    def __init__(self, on_drop: OnDrop) -> None:
        self._color: _Stream[Color] = _Stream(on_drop, "no_depth")

    def add_color(self, stamp_ns: int, color: Color) -> Pair[Color, Depth] | None:
        """Take a colour image; returns it, unless its stamp repeats or is out of order."""
        if not self._color.admit(stamp_ns):
            return None
        return Pair(stamp_ns, color, None, self._color.jumps)

    def add_depth(self, stamp_ns: int, depth: Depth) -> None:
        """Depth has no use here."""


class PairSynchronizer(Synchronizer[Color, Depth]):
    """Pairs each image with the nearest one of the other kind, within a slop.

    Pairs come in the order of their stamps, and each image is in at most one. A stamp that jumps
    back starts a new epoch; one that repeats, or is a little too early, drops its image.

    Args:
        slop_ns: returns the largest difference of the two stamps, nanoseconds.
        on_drop: called with the reason for each colour image that ends without a pair.
        on_drop_depth: the same for depth images.
    """

    def __init__(self, slop_ns: Callable[[], int], on_drop: OnDrop, on_drop_depth: OnDrop) -> None:
        self._slop_ns = slop_ns
        self._color: _Stream[Color] = _Stream(on_drop, "no_depth")
        self._depth: _Stream[Depth] = _Stream(on_drop_depth, "no_color")

    def add_color(self, stamp_ns: int, color: Color) -> Pair[Color, Depth] | None:
        """Take a colour image; returns the pair that it completes."""
        if not self._color.admit(stamp_ns):
            return None
        depth = self._depth.take_nearest(stamp_ns, self._slop_ns())
        if depth is None:
            self._color.wait(stamp_ns, color)
            return None
        self._color.clear("no_depth")
        return Pair(stamp_ns, color, depth.payload, self._color.jumps)

    def add_depth(self, stamp_ns: int, depth: Depth) -> Pair[Color, Depth] | None:
        """Take a depth image; returns the pair that it completes."""
        if not self._depth.admit(stamp_ns):
            return None
        color = self._color.take_nearest(stamp_ns, self._slop_ns())
        if color is None:
            self._depth.wait(stamp_ns, depth)
            return None
        self._depth.clear("no_color")
        return Pair(color.stamp_ns, color.payload, depth, self._color.jumps)

    def expire(self) -> None:
        """Drop images that have waited longer than PATIENCE; call it now and then."""
        oldest = time.monotonic() - PATIENCE
        self._color.expire(oldest)
        self._depth.expire(oldest)

    def clear(self, reason: str) -> None:
        """Drop all waiting images."""
        self._color.clear(reason)
        self._depth.clear(reason)
