"""A thread that always works on the newest item, so that nothing ever waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class NewestWorker(Generic[Item]):
    """Processes items in a thread of its own; a newer item takes the place of a waiting one.

    Every submitted item ends in exactly one way: it is processed, skipped, or failed.

    Args:
        process: called in the thread, one item at a time.
        on_skip: called with an item that was never processed, because a newer one came or the
            worker was stopped.
        on_error: called in the thread with the exception that `process` raised; the thread goes on.
    """

    def __init__(
        self,
        process: Callable[[Item], None],
        on_skip: Callable[[Item], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._process = process
        self._on_skip = on_skip
        self._on_error = on_error
        self._changed = threading.Condition()
        self._waiting: Item | None = None
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; does nothing if it runs."""
        if self._thread is None:
            self._running = True
            self._thread = threading.Thread(target=self._run, name="segment", daemon=True)
            self._thread.start()

    def submit(self, item: Item) -> None:
        """Hand over an item; returns at once. Without a running thread the item is skipped."""
        with self._changed:
            skipped = self._waiting if self._running else item
            if self._running:
                self._waiting = item
                self._changed.notify()
        if skipped is not None:
            self._on_skip(skipped)

    def stop(self) -> None:
        """Finish the item at hand, skip a waiting one and end the thread; idempotent."""
        with self._changed:
            self._running = False
            skipped, self._waiting = self._waiting, None
            self._changed.notify()
        if skipped is not None:
            self._on_skip(skipped)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (item := self._next()) is not None:
            try:
                self._process(item)
            except Exception as error:  # one frame must not end the node
                self._on_error(error)

    def _next(self) -> Item | None:
        """Wait for an item; None when the worker stops."""
        with self._changed:
            while self._running and self._waiting is None:
                self._changed.wait()
            item, self._waiting = self._waiting, None
            return item if self._running else None
