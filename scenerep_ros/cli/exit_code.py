"""Error messages and exit codes of all commands."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import FULL_DISK, write_error
from scenerep_ros.interruption import INTERRUPTED

FAILED = 1
UNWRITABLE = (*FULL_DISK, errno.EROFS)
"""Errors of the disk, which libraries pass on."""


def exit_code(name: str, command: Callable[[], int], hint: str = "") -> int:
    """Run a command, print its error in one line, and return its exit code.

    Args:
        name: name of the command, as typed.
        command: function that runs the command and returns the exit code.
        hint: text appended to the message of an interruption.

    Returns:
        The exit code of the command, 1 after an error, or 130 after an interruption.
    """
    try:
        return command()
    except ScenerepError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        print(f"{name}: {write_error(Path(error.filename or '.'), error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{name}: interrupted{hint}", file=sys.stderr)
        return INTERRUPTED
