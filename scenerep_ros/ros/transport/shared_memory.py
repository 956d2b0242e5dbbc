"""Shared-memory files of Fast DDS, which a killed process leaves."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

from scenerep_ros.filesystem.atomic import locked

SHARED_MEMORY = Path("/dev/shm")
LOCK_SUFFIX = "_el"
"""End of the name of the file that the creator of a segment has locked while it lives."""
SEGMENT_LOCK = re.compile(rf"(fastdds|fastrtps)_[0-9a-f]{{16}}{LOCK_SUFFIX}")
MIN_AGE_S = 5.0  # constant: a new lock file is not locked for an instant
"""Age from which an unlocked segment is that of a dead process [s]."""


def remove_dead_segments() -> list[Path]:
    """Remove the segments whose creator was killed, as `fastdds shm clean` does, and return them.

    Fast DDS removes such a segment only if a running process has it open. The others, 18 MB each with
    the profile of this package, would fill /dev/shm, which in a container has 64 MB; nodes that
    start then communicate by UDP. Ports, which have a few kB, are taken over by new processes.
    """
    removed = []
    for lock in SHARED_MEMORY.glob(f"fast*{LOCK_SUFFIX}"):
        if SEGMENT_LOCK.fullmatch(lock.name):
            with suppress(OSError):  # its creator lives, or it belongs to another user
                removed += _remove_if_dead(lock)
    return removed


def _remove_if_dead(lock: Path) -> list[Path]:
    """Remove a segment and its lock file.

    Raises:
        OSError: if the file is locked, or cannot be removed.
    """
    if time.time() - lock.stat().st_mtime < MIN_AGE_S:
        return []
    segment = lock.with_name(lock.name.removesuffix(LOCK_SUFFIX))
    with locked(lock):
        segment.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
    return [segment]
