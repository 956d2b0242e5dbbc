"""The only core of OpenVINO in a process."""

from __future__ import annotations

from functools import cache

import openvino as ov


@cache
def openvino_core() -> ov.Core:
    """Return the core of this process, which is never released.

    On CPUs with AMX, the CPU plugin of each core gives the thread that loads it another stack for
    signals, and frees it with the core (OpenVINO 2026.4). Where the lives of two cores overlap, a
    freed stack stays in use, and the next signal, such as Ctrl-C, ends the process with SIGSEGV.
    """
    return ov.Core()
