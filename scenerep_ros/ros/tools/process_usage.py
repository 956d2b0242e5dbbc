"""Resources of a process, read from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scenerep_ros.ros.transport.shared_memory import LOCK_SUFFIX, SHARED_MEMORY

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessUsage:
    """Resources of a process at one moment.

    Attributes:
        memory_mb: resident memory that is not shared [MB].
        threads: number of threads.
        files: number of open files.
        segments: number of its shared-memory files.
    """

    memory_mb: float
    threads: int
    files: int
    segments: int


def process_usage(pid: int) -> ProcessUsage:
    """Read the resources of a running process.

    Raises:
        OSError: if the process has ended.
    """
    folder = Path("/proc") / str(pid)
    _, resident, shared, *_ = map(int, (folder / "statm").read_text().split())
    return ProcessUsage(
        memory_mb=(resident - shared) * PAGE_BYTES / 1e6,
        threads=sum(1 for _ in (folder / "task").iterdir()),
        files=sum(1 for _ in (folder / "fd").iterdir()),
        segments=len(mapped_segments(pid)),
    )


def mapped_segments(pid: int) -> set[str]:
    """Return the paths of the files in /dev/shm that a process has mapped.

    Raises:
        OSError: if the process has ended.
    """
    lines = (Path("/proc") / str(pid) / "maps").read_text().splitlines()
    paths = {line.split(maxsplit=5)[-1] for line in lines if str(SHARED_MEMORY) in line}
    return {path for path in paths if path.startswith(str(SHARED_MEMORY))}


def own_segments(pid: int) -> set[str]:
    """Return the paths of the shared-memory files that a process has created by Fast DDS.

    Fast DDS locks a file of the same name with the suffix `_el` for the creator's life.

    Raises:
        OSError: if the process has ended.
    """
    targets: set[str] = set()
    for link in (Path("/proc") / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            targets.add(str(link.readlink()))
    locks = {path for path in targets if Path(path).parent == SHARED_MEMORY}
    return {path.removesuffix(LOCK_SUFFIX) for path in locks if path.endswith(LOCK_SUFFIX)}
