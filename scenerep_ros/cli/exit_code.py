"""Error messages and exit codes of all commands."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import FULL_DISK, write_error
from scenerep_ros.interruption import INTERRUPTED

FAILED = 1
READER_GONE = 141
"""128 + SIGPIPE, as shells report it."""
UNWRITABLE = (*FULL_DISK, errno.EROFS)
"""Errors of the disk, which libraries pass on."""


def exit_code(name: str, command: Callable[[], int], hint: str = "") -> int:
    """Run a command, print its error in one line, and return its exit code.

    Args:
        name: name of the command, as typed.
        command: function that runs the command and returns the exit code.
        hint: text appended to the message of an interruption.

    Returns:
        The exit code of the command, 1 after an error, 130 after an interruption, or 141 if the reader
        of the output has gone, such as `head`.
    """
    try:
        code = command()
        print(end="", flush=True)  # while an error can still be reported
        return code
    except ScenerepError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _discard_unread_output():
            return READER_GONE
        if error.errno not in UNWRITABLE:
            raise
        print(f"{name}: {write_error(Path(error.filename or '.'), error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{name}: interrupted{hint}", file=sys.stderr)
        return INTERRUPTED


def _discard_unread_output() -> bool:
    """Discard the output whose reader has gone; return whether there is such output."""
    unread = [stream for stream in (sys.stdout, sys.stderr) if _is_unread(stream)]
    for stream in unread:  # otherwise Python's end would report it in a message of its own
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    return bool(unread)


def _is_unread(stream: TextIO) -> bool:
    """Return whether a stream is a pipe without a reader."""
    poll = select.poll()
    try:
        poll.register(stream, 0)
    except (OSError, ValueError):  # no file
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))
