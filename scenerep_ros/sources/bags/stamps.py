"""Stamps of messages, of which single ones may be wild."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from statistics import median_low

log = logging.getLogger(__name__)

MAX_STEP_NS = 10 * 10**9
"""constant: step of a stamp [ns], against the clock of the recorder and the message before, that is
wild."""
MAX_WILD = 3
"""constant: consecutive wild stamps from which the clock of the camera was set."""


class StampRepair:
    """Replaces wild stamps of one topic by the time of recording.

    A stamp is wild if it is far from the stamp before, and from the time of recording plus the usual
    difference of both clocks. A missing stamp is 0. A camera whose clock was set gives several such
    stamps in a row; these are kept.

    Args:
        topic: name of the topic, for the message.
        samples: stamps and times of recording of some messages from the start [ns].

    >>> repair = StampRepair("/image", [(100, 7), (200, 107), (300, 207)])
    >>> repair(300, 207), repair(9 * 10**18, 307), repair(500, 407)
    (300, 400, 500)
    """

    def __init__(self, topic: str, samples: Sequence[tuple[int, int]]) -> None:
        stamped = [(stamp, time) for stamp, time in samples if stamp]
        self._topic = topic
        self._offset = median_low([stamp - time for stamp, time in stamped] or [0])
        self._previous = median_low([stamp for stamp, _ in stamped] or [0])
        self._wild_count = 0
        self._has_warned = False

    def __call__(self, stamp_ns: int, time_ns: int) -> int:
        """Return the stamp of the next message [ns].

        Args:
            stamp_ns: stamp of its header [ns], 0 if the driver left it empty.
            time_ns: time of recording [ns].
        """
        recorded = time_ns + self._offset
        if stamp_ns == 0:
            return recorded
        is_near = min(abs(stamp_ns - recorded), abs(stamp_ns - self._previous)) <= MAX_STEP_NS
        self._wild_count = 0 if is_near else self._wild_count + 1
        if is_near or self._wild_count >= MAX_WILD:
            self._offset, self._previous = stamp_ns - time_ns, stamp_ns
            return stamp_ns
        self._warn(stamp_ns)
        self._previous = recorded
        return recorded

    def _warn(self, stamp_ns: int) -> None:
        if not self._has_warned:
            log.warning(
                "%s: stamp %.3f s is far from the others; the time of recording replaces it",
                self._topic,
                stamp_ns * 1e-9,
            )
        self._has_warned = True
