"""Settings of the C library's memory allocator for a process that runs for days."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

from scenerep_ros.config.constants import tuned

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Parameters of glibc's mallopt."""
USER_SETTINGS = ("GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_")
"""Environment variables by which the user sets the allocator; they are left alone."""


@dataclass(frozen=True)
class AllocatorConstants:
    """Tuned constants of the memory allocator."""

    max_arenas: int = tuned(
        1,
        "number of heaps; each thread otherwise has its own, which keeps its largest size",
        set_on="48 reloads of the weights, scenerep soak",
    )
    mmap_threshold_bytes: int = tuned(
        1 << 20,
        "size from which an array has pages of its own, which its end returns to the system",
        unit="B",
        set_on="argument: the weights of one layer; glibc otherwise raises it to 32 MB",
    )
    trim_threshold_bytes: int = tuned(
        1 << 24,
        "free memory at the end of the heap above which it returns to the system",
        unit="B",
        set_on="argument: the temporary arrays of a frame stay",
    )


CONSTANTS = AllocatorConstants()


def limit_allocator() -> None:
    """Keep free memory from accumulating in glibc's heaps. Without glibc it has no effect."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or any(os.environ.get(name) for name in USER_SETTINGS):
        return
    mallopt(M_ARENA_MAX, CONSTANTS.max_arenas)
    mallopt(M_MMAP_THRESHOLD, CONSTANTS.mmap_threshold_bytes)
    mallopt(M_TRIM_THRESHOLD, CONSTANTS.trim_threshold_bytes)
