"""Pairing of the color and depth messages of a stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from scenerep_ros.config.constants import tuned
from scenerep_ros.sources.folders.association import SLOP_NS


@dataclass(frozen=True)
class PairingConstants:
    """Tuned constants of the pairing of color and depth messages."""

    window_size: int = tuned(
        15,
        "number of color or of depth messages that wait for a partner, which bounds the memory",
        set_on="half a second of a camera at 30 Hz",
    )


CONSTANTS = PairingConstants()


class StampedMessage(NamedTuple):
    """Message with its stamp [ns]; the message is None if it is damaged."""

    stamp_ns: int
    is_depth: bool
    message: Any


class MessagePair(NamedTuple):
    """Color message with the nearest depth message, or None if none is within the slop."""

    color: StampedMessage
    depth: StampedMessage | None


def pair_messages(
    messages: Iterable[StampedMessage], slop_ns: int = SLOP_NS
) -> Iterator[MessagePair]:
    """Pair each color message with the nearest depth message.

    A depth message that is nearer to a later color message is left for that one. All color messages
    are yielded in the order of arrival; a depth message is used once.

    Args:
        messages: messages in the order of recording, which may differ from the order of stamps.
        slop_ns: maximum difference of the stamps of a pair [ns].
    """
    colors: deque[StampedMessage] = deque()
    depths: deque[StampedMessage] = deque(maxlen=CONSTANTS.window_size)
    for message in messages:
        (depths if message.is_depth else colors).append(message)
        while colors and (
            len(colors) > CONSTANTS.window_size or _is_decided(colors[0], depths, slop_ns)
        ):
            yield _pair_first(colors, depths, slop_ns)
    while colors:
        yield _pair_first(colors, depths, slop_ns)


def _is_decided(color: StampedMessage, depths: deque[StampedMessage], slop_ns: int) -> bool:
    """Return whether no nearer depth message can follow."""
    return bool(depths) and depths[-1].stamp_ns > color.stamp_ns + slop_ns


def _pair_first(
    colors: deque[StampedMessage], depths: deque[StampedMessage], slop_ns: int
) -> MessagePair:
    color = colors.popleft()

    def distance(depth: StampedMessage) -> int:
        return abs(depth.stamp_ns - color.stamp_ns)

    candidates = [
        depth
        for depth in depths
        if distance(depth) <= slop_ns and not _is_nearer_to_other(depth, color, colors)
    ]
    depth = min(candidates, key=distance, default=None)
    if depth is not None:
        depths.remove(depth)
    return MessagePair(color, depth)


def _is_nearer_to_other(
    depth: StampedMessage, color: StampedMessage, others: deque[StampedMessage]
) -> bool:
    """Return whether another color message is nearer to a depth message."""
    distance = abs(depth.stamp_ns - color.stamp_ns)
    return any(abs(depth.stamp_ns - other.stamp_ns) < distance for other in others)
