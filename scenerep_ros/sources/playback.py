"""Playback of a recording as a stream: once or in a loop, with frames decoded in advance."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources import base
from scenerep_ros.sources.base import Source

Item = TypeVar("Item")


class Playback:
    """Stream of the readable frames of a source; it can be iterated once.

    Args:
        source: recording to play.
        loop: whether to restart at the end, without limit.
        max_frames: number of frames after which the stream ends; 0: no limit.

    Raises:
        SourceError: during iteration, if the source has no readable frame.
    """

    def __init__(self, source: Source, loop: bool = False, max_frames: int = 0) -> None:
        self._source = source
        self._loop = loop
        self._max_frames = max_frames
        self._skipped_in_earlier_passes = 0

    @property
    def total(self) -> int | None:
        """Number of frames of the stream if all are readable; None for an endless loop."""
        if self._loop:
            return self._max_frames or None
        return min(len(self._source), self._max_frames or len(self._source))

    @property
    def skipped(self) -> int:
        """Number of unreadable frames so far, over all passes."""
        return self._skipped_in_earlier_passes + len(self._source.skipped)

    def __iter__(self) -> Iterator[RGBDFrame]:
        return islice(self._passes(), self._max_frames or None)

    def _passes(self) -> Iterator[RGBDFrame]:
        while True:
            readable = 0
            for readable, frame in enumerate(self._source, start=1):  # noqa: B007
                yield frame
            if not readable:
                raise SourceError(
                    f"{self._source.format_name} {self._source.name}: no readable frame"
                )
            if not self._loop:
                return
            self._skipped_in_earlier_passes += len(self._source.skipped)
            self._source.skipped = []


def prefetch(items: Iterable[Item], count: int) -> Generator[Item, None, None]:
    """Yield the items of an iterable while a thread prepares the next `count` items.

    An error of the iterable is raised here, after the items that precede it.

    >>> list(prefetch("abc", count=2))
    ['a', 'b', 'c']
    """
    iterator = iter(items)
    end = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as reader:
        pending = deque(reader.submit(next, iterator, end) for _ in range(count))
        while (item := pending.popleft().result()) is not end:
            pending.append(reader.submit(next, iterator, end))
            yield item  # type: ignore[misc]


@contextmanager
def each_warning_once() -> Iterator[None]:
    """Log the unreadable frames of a recording in the first round of a loop only."""
    texts: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        is_repeated = text in texts
        texts.add(text)
        return not is_repeated

    logger = logging.getLogger(base.__name__)
    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)
