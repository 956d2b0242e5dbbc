"""Load of the machine by other processes during a measurement."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BURN = "while True: pass"


@contextmanager
def burning_cores(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep a number of cores busy, each by a process that computes without end.

    Yields the processes, which end with the body.
    """
    processes = [subprocess.Popen([sys.executable, "-S", "-c", BURN]) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
