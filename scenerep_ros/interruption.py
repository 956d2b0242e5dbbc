"""Handling of Ctrl-C while a program starts. It needs plain Python only."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, NoReturn

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def exit_at_interrupts() -> Any:
    """End the process at once on SIGINT, until another handler is set; return the handler before.

    A KeyboardInterrupt during an import would print a traceback, or be swallowed by the module.
    """
    return signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


def run_module(name: str) -> int:
    """Import a module and return the exit code of its function `main`.

    Ctrl-C ends the process at once from here to its exit, but where `main` handles it. Garbage
    collection is paused during the import: it needs a fifth of that CPU time, again and again for
    modules that stay.
    """
    exit_at_interrupts()
    gc.disable()
    try:
        main = import_module(name).main
        gc.freeze()  # a later collection would need half a second for the imported modules
    finally:
        gc.enable()
    return int(main())


def end_process(exit_code: int) -> NoReturn:
    """End the process without the teardown of the interpreter.

    That of torch and OpenVINO needs two seconds of CPU, in which a busy machine kills the process.
    """
    gc.collect()  # a node is part of cycles, and Fast DDS removes its files when the node ends
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader has gone, or the stream is closed
            stream.flush()
    os._exit(exit_code)


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """End the process at once on SIGINT while the body runs."""
    previous_handler = exit_at_interrupts()
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
        exit_at_interrupts()
        raise KeyboardInterrupt

    previous_handler = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)
