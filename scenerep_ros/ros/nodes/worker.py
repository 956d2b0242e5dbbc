"""Worker thread that processes the latest frame, so that the subscriber never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class LatestFrameWorker(Generic[Frame]):
    """Processes frames in a thread of its own. A new frame replaces a waiting frame.

    Every submitted frame is processed, dropped or failed, exactly once. The thread waits between `stop`
    and `start`: a new one would get another heap of the allocator, and the memory that frames need would
    stay resident in both.

    Args:
        process: called in the thread with one frame at a time.
        on_drop: called with a frame that a new frame replaced, or that waited when the worker
            stopped.
        on_error: called in the thread with the exception that `process` raised. The thread goes on.
    """

    def __init__(
        self,
        process: Callable[[Frame], None],
        on_drop: Callable[[Frame], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._process = process
        self._on_drop = on_drop
        self._on_error = on_error
        self._condition = threading.Condition()
        self._waiting: Frame | None = None
        self._is_running = self._is_busy = self._is_closed = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Accept frames from now on. A call while the worker runs has no effect."""
        with self._condition:
            self._is_running = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="segment", daemon=True)
            self._thread.start()

    def submit(self, frame: Frame) -> None:
        """Submit a frame without waiting. While the worker is stopped the frame is dropped."""
        with self._condition:
            dropped = self._waiting if self._is_running else frame
            if self._is_running:
                self._waiting = frame
                self._condition.notify_all()
        if dropped is not None:
            self._on_drop(dropped)

    def stop(self) -> None:
        """Finish the frame in progress and drop a waiting frame. Idempotent."""
        with self._condition:
            self._is_running = False
            dropped, self._waiting = self._waiting, None
        if dropped is not None:
            self._on_drop(dropped)
        with self._condition:
            self._condition.wait_for(lambda: not self._is_busy)

    def close(self) -> None:
        """Stop, and end the thread. Idempotent; the worker cannot start again."""
        self.stop()
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (frame := self._next_frame()) is not None:
            try:
                self._process(frame)
            except Exception as error:  # a failure in one frame must not end the node
                self._on_error(error)

    def _next_frame(self) -> Frame | None:
        """Wait for a frame; return None when the worker is closed."""
        with self._condition:
            self._is_busy = False
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._is_closed or self._waiting is not None)
            frame, self._waiting = self._waiting, None
            self._is_busy = frame is not None
            return frame
