"""Synchronization of color and depth images by their stamps.

The module has no ROS imports: it processes stamps and payloads. The Python version of message_filters
keeps its lock forever after a callback raises, and loses matches when a bag restarts. This version
has no lock, returns pairs instead of calling back, and resets on a time jump.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from scenerep_ros.config.constants import tuned

Color = TypeVar("Color")
Depth = TypeVar("Depth")
Payload = TypeVar("Payload")
OnDrop: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class SynchronizerConstants:
    """Tuned constants of the synchronization of color and depth."""

    time_jump_ns: int = tuned(
        200_000_000,
        "step back in time from which a recording has restarted; a smaller step is an image out of "
        "order",
        unit="ns",
        set_on="not recorded",
    )
    pairing_timeout_s: float = tuned(
        1.0, "time for which an image stays pending", unit="s", set_on="not recorded"
    )
    max_pending_images: int = tuned(
        10, "number of pending images of one topic", set_on="not recorded"
    )


CONSTANTS = SynchronizerConstants()


@dataclass(frozen=True)
class ImagePair(Generic[Color, Depth]):
    """Color and depth image of one moment.

    Attributes:
        stamp_ns: stamp of the color image [ns].
        color: payload of the color image.
        depth: payload of the depth image; None for a camera without depth.
        epoch: number of time jumps before the pair. Object ids are valid within one epoch.
    """

    stamp_ns: int
    color: Color
    depth: Depth | None
    epoch: int


@dataclass(frozen=True)
class _PendingImage(Generic[Payload]):
    stamp_ns: int
    payload: Payload
    arrival_s: float


@dataclass
class _Stream(Generic[Payload]):
    """Latest stamp of one topic, and its unpaired images in order of arrival."""

    on_drop: OnDrop
    unpaired_reason: str
    last_stamp_ns: int | None = None
    epoch: int = 0
    pending: deque[_PendingImage[Payload]] = field(default_factory=deque)

    def accept(self, stamp_ns: int) -> bool:
        """Check that a stamp follows the last one. A time jump starts a new epoch."""
        if self.last_stamp_ns is not None:
            step_back = self.last_stamp_ns - stamp_ns
            if 0 <= step_back < CONSTANTS.time_jump_ns:
                self.on_drop("out_of_order" if step_back else "repeated_stamp")
                return False
            if step_back >= CONSTANTS.time_jump_ns:
                self.epoch += 1
                self.clear("time_jump")
        self.last_stamp_ns = stamp_ns
        return True

    def add_pending(self, stamp_ns: int, payload: Payload) -> None:
        self.pending.append(_PendingImage(stamp_ns, payload, time.monotonic()))
        if len(self.pending) > CONSTANTS.max_pending_images:
            self._drop_oldest(self.unpaired_reason)

    def pop_nearest(self, stamp_ns: int, slop_ns: int) -> _PendingImage[Payload] | None:
        """Remove and return the image nearest in time; drop older images."""
        if not self.pending:
            return None
        nearest = min(self.pending, key=lambda image: abs(image.stamp_ns - stamp_ns))
        if abs(nearest.stamp_ns - stamp_ns) > slop_ns:
            return None
        while self.pending[0] is not nearest:
            self._drop_oldest(self.unpaired_reason)
        return self.pending.popleft()

    def expire(self, min_arrival_s: float) -> None:
        while self.pending and self.pending[0].arrival_s < min_arrival_s:
            self._drop_oldest(self.unpaired_reason)

    def clear(self, reason: str) -> None:
        while self.pending:
            self._drop_oldest(reason)

    def _drop_oldest(self, reason: str) -> None:
        self.pending.popleft()
        self.on_drop(reason)


class Synchronizer(ABC, Generic[Color, Depth]):
    """Combines single images to pairs."""

    @abstractmethod
    def add_color(self, stamp_ns: int, color: Color) -> ImagePair[Color, Depth] | None:
        """Add a color image; return the pair that it completes."""

    @abstractmethod
    def add_depth(self, stamp_ns: int, depth: Depth) -> ImagePair[Color, Depth] | None:
        """Add a depth image; return the pair that it completes."""

    def expire(self) -> None:
        """Drop images that are pending for too long. Call it periodically."""

    def clear(self, reason: str) -> None:
        """Drop all pending images."""


class ColorOnlySynchronizer(Synchronizer[Color, Depth]):
    """Returns each color image at once, for a camera without depth.

    Args:
        on_drop: called with the reason for each image that is dropped.
    """

    def __init__(self, on_drop: OnDrop) -> None:
        self._color: _Stream[Color] = _Stream(on_drop, "no_depth")

    def add_color(self, stamp_ns: int, color: Color) -> ImagePair[Color, Depth] | None:
        """Return the color image, unless its stamp is repeated or out of order."""
        if not self._color.accept(stamp_ns):
            return None
        return ImagePair(stamp_ns, color, None, self._color.epoch)

    def add_depth(self, stamp_ns: int, depth: Depth) -> None:
        """Ignore a depth image."""


class RGBDSynchronizer(Synchronizer[Color, Depth]):
    """Pairs each color image with the nearest depth image within a slop.

    Pairs are ordered by their stamps, and each image is in at most one pair. A time jump back starts
    a new epoch. An image whose stamp is repeated or out of order is dropped.

    Args:
        slop_ns: returns the maximum difference of the two stamps [ns].
        on_drop_color: called with the reason for each color image without a pair.
        on_drop_depth: called with the reason for each depth image without a pair.
    """

    def __init__(
        self, slop_ns: Callable[[], int], on_drop_color: OnDrop, on_drop_depth: OnDrop
    ) -> None:
        self._slop_ns = slop_ns
        self._color: _Stream[Color] = _Stream(on_drop_color, "no_depth")
        self._depth: _Stream[Depth] = _Stream(on_drop_depth, "no_color")

    def add_color(self, stamp_ns: int, color: Color) -> ImagePair[Color, Depth] | None:
        """Add a color image; return the pair that it completes."""
        if not self._color.accept(stamp_ns):
            return None
        depth = self._depth.pop_nearest(stamp_ns, self._slop_ns())
        if depth is None:
            self._color.add_pending(stamp_ns, color)
            return None
        self._color.clear("no_depth")
        return ImagePair(stamp_ns, color, depth.payload, self._color.epoch)

    def add_depth(self, stamp_ns: int, depth: Depth) -> ImagePair[Color, Depth] | None:
        """Add a depth image; return the pair that it completes."""
        if not self._depth.accept(stamp_ns):
            return None
        color = self._color.pop_nearest(stamp_ns, self._slop_ns())
        if color is None:
            self._depth.add_pending(stamp_ns, depth)
            return None
        self._depth.clear("no_color")
        return ImagePair(color.stamp_ns, color.payload, depth, self._color.epoch)

    def expire(self) -> None:
        """Drop images that are pending for too long. Call it periodically."""
        min_arrival_s = time.monotonic() - CONSTANTS.pairing_timeout_s
        self._color.expire(min_arrival_s)
        self._depth.expire(min_arrival_s)

    def clear(self, reason: str) -> None:
        """Drop all pending images."""
        self._color.clear(reason)
        self._depth.clear(reason)
