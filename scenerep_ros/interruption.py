"""Handling of Ctrl-C while a program starts. It needs plain Python only."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """End the process at once on SIGINT while the body imports modules.

    A KeyboardInterrupt during an import would print a traceback, or be swallowed by the module.
    """
    previous_handler = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)


@contextmanager
def interrupt_once() -> Iterator[None]:
    """Raise KeyboardInterrupt on the first SIGINT; end the process at once on the next one.

    `ros2 launch` can deliver SIGINT twice, and the second one would interrupt the cleanup.
    """

    def on_signal(*_: Any) -> NoReturn:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
        raise KeyboardInterrupt

    previous_handler = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)
