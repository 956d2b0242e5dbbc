"""A recording as a stream: its frames once or for ever, decoded ahead of whoever uses them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source

Item = TypeVar("Item")


class Playback:
    """The readable frames of a source; iterate it once.

    Args:
        source: the recording.
        loop: start again at the end, for ever.
        max_frames: end after so many frames; 0: no limit.

    Raises:
        SourceError: while iterating, if the source has not one readable frame.
    """

    def __init__(self, source: Source, loop: bool = False, max_frames: int = 0) -> None:
        self._source = source
        self._loop = loop
        self._max_frames = max_frames
        self._skipped_before = 0

    @property
    def total(self) -> int | None:
        """Frames to come if all are readable; None for an endless loop."""
        if self._loop:
            return self._max_frames or None
        return min(len(self._source), self._max_frames or len(self._source))

    @property
    def skipped(self) -> int:
        """Unreadable frames met so far, in all passes."""
        return self._skipped_before + len(self._source.skipped)

    def __iter__(self) -> Iterator[RGBDFrame]:
        return islice(self._passes(), self._max_frames or None)

    def _passes(self) -> Iterator[RGBDFrame]:
        while True:
            readable = 0
            for readable, frame in enumerate(self._source, start=1):  # noqa: B007
                yield frame
            if not readable:
                raise SourceError(f"{self._source.kind} {self._source.name}: no readable frame")
            if not self._loop:
                return
            self._skipped_before += len(self._source.skipped)
            self._source.skipped = []


def read_ahead(items: Iterable[Item], count: int) -> Generator[Item, None, None]:
    """Yield the same items, of which a thread always prepares the next `count`.

    Errors of the iterable are raised here, in their place of the sequence.
    """
    iterator = iter(items)
    end = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read_ahead") as reader:
        pending = deque(reader.submit(next, iterator, end) for _ in range(count))
        while (item := pending.popleft().result()) is not end:
            pending.append(reader.submit(next, iterator, end))
            yield item  # type: ignore[misc]
