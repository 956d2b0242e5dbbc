"""How every command ends: what is said of an error, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from scenerep_ros.errors import ScenerepError


def exit_code(name: str, command: Callable[[], int], hint: str = "") -> int:
    """Run a command and say in one line why it failed.

    Args:
        name: of the command, as typed.
        command: does it and returns the exit code.
        hint: what an interrupted user may want to know.

    Returns:
        0 done, 1 failed, 130 interrupted, or what the command returned.
    """
    try:
        return command()
    except ScenerepError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted{hint}", file=sys.stderr)
        return 130
