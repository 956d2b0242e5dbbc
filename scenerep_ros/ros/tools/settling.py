"""Detection of the end of a session from the segmenter's periodic status."""

from __future__ import annotations

from dataclasses import dataclass

REPEATS_WHEN_COMPLETE = 1
"""Repetitions of a status after which nothing is in progress, if it accounts for every frame."""
REPEATS_WHEN_INCOMPLETE = 3
"""Repetitions of a status after which the missing frames are lost in transport."""


@dataclass(frozen=True)
class SessionProgress:
    """Counts of one status, with the output messages that the client has handled by then.

    Attributes:
        received: number of frames that the segmenter received.
        segmented: number of frames that it segmented.
        dropped: number of frames that it dropped.
        handled: number of handled messages by output topic.
    """

    received: int
    segmented: int
    dropped: int
    handled: dict[str, int]

    @property
    def is_idle(self) -> bool:
        """True if no received frame is in progress."""
        return self.received == self.segmented + self.dropped

    @property
    def has_all_labels(self) -> bool:
        """True if the labels of each segmented frame are handled, or are not subscribed."""
        return self.handled.get("labels", self.segmented) >= self.segmented


class SettlingDetector:
    """Detects that the segmenter has processed all frames of a finished replay.

    The segmenter repeats its status, so that a lost status message only delays the detection.
    A session is settled when the status repeats while no frame is in progress. A frame or an output
    message may still be in transport at the time of a status; if some are missing, more repetitions
    are required.

    Args:
        published: number of frames that the replay has published.

    >>> detector = SettlingDetector(published=2)
    >>> for _ in range(2):
    ...     detector.update(SessionProgress(received=2, segmented=1, dropped=1, handled={}))
    >>> detector.is_settled
    True
    """

    def __init__(self, published: int) -> None:
        self._published = published
        self._progress: SessionProgress | None = None
        self._repeats = 0

    @property
    def is_settled(self) -> bool:
        """True if no frame is in progress any more."""
        if self._progress is None:
            return False
        is_complete = self._progress.received >= self._published and self._progress.has_all_labels
        required = REPEATS_WHEN_COMPLETE if is_complete else REPEATS_WHEN_INCOMPLETE
        return self._repeats >= required

    def update(self, progress: SessionProgress) -> None:
        """Add the progress at the arrival of a status."""
        is_repeated = progress == self._progress and progress.is_idle
        self._repeats = self._repeats + 1 if is_repeated else 0
        self._progress = progress
