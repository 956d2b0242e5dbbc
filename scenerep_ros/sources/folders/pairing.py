"""Colour and depth messages of a stream, paired while they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from scenerep_ros.sources.folders.association import SLOP_NS

WINDOW = 15
"""Messages of a kind that wait for a partner: half a second at 30 Hz, which bounds memory."""


class Stamped(NamedTuple):
    """A message and its stamp, nanoseconds."""

    stamp: int
    is_depth: bool
    message: Any


class Pair(NamedTuple):
    """A colour message and the depth nearest to it, or None where none is near enough."""

    color: Stamped
    depth: Stamped | None


def pair_messages(messages: Iterable[Stamped], slop: int = SLOP_NS) -> Iterator[Pair]:
    """Give each colour message the depth nearest to it, unless that is nearer to another colour.

    Every colour message comes out, in the order in which it came in; a depth is used once.

    Args:
        messages: in the order of recording, which need not be the stamps' order.
        slop: largest difference of a pair, nanoseconds.
    """
    colors: deque[Stamped] = deque()
    depths: deque[Stamped] = deque(maxlen=WINDOW)
    for message in messages:
        (depths if message.is_depth else colors).append(message)
        while colors and (len(colors) > WINDOW or _settled(colors[0], depths, slop)):
            yield _pair_first(colors, depths, slop)
    while colors:
        yield _pair_first(colors, depths, slop)


def _settled(color: Stamped, depths: deque[Stamped], slop: int) -> bool:
    """Whether no nearer depth is to come."""
    return bool(depths) and depths[-1].stamp > color.stamp + slop


def _pair_first(colors: deque[Stamped], depths: deque[Stamped], slop: int) -> Pair:
    color = colors.popleft()

    def distance(depth: Stamped) -> int:
        return abs(depth.stamp - color.stamp)

    near = [
        depth for depth in depths if distance(depth) <= slop and not _stolen(depth, color, colors)
    ]
    depth = min(near, key=distance, default=None)
    if depth is not None:
        depths.remove(depth)
    return Pair(color, depth)


def _stolen(depth: Stamped, color: Stamped, others: deque[Stamped]) -> bool:
    """Whether a later colour message is nearer to this depth."""
    distance = abs(depth.stamp - color.stamp)
    return any(abs(depth.stamp - other.stamp) < distance for other in others)
