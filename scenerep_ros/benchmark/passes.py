"""Interleaved measurement: each round runs every candidate once, on the same frame.

On a shared machine the speed of a minute differs from that of the next. Candidates that alternate
frame by frame see the same machine, so that their ratio holds although their times vary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scenerep_ros.frames import RGBDFrame

Candidate = Callable[[RGBDFrame], Any]

WARM_UP_ROUNDS = 1
"""Number of rounds that are not measured: the first compiles, and fills caches."""


class PassTimes:
    """Wall and CPU time of each pass of one candidate."""

    def __init__(self) -> None:
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []

    def measure(self, candidate: Candidate, frame: RGBDFrame) -> None:
        """Run a candidate once and add its times; those of all threads of this process."""
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        candidate(frame)
        self.wall_ms.append((time.perf_counter() - wall_s) * 1e3)
        self.cpu_ms.append((time.process_time() - cpu_s) * 1e3)

    def summary(self) -> dict[str, float]:
        """Return minimum, median and 95th percentile of the wall time and the median CPU time."""
        median, p95 = np.percentile(self.wall_ms, [50, 95])
        return {
            "min": round(min(self.wall_ms), 3),
            "median": round(float(median), 3),
            "p95": round(float(p95), 3),
            "cpu": round(float(np.median(self.cpu_ms)), 3),
        }


def measure_interleaved(
    candidates: Mapping[str, Candidate], frames: Sequence[RGBDFrame], rounds: int
) -> dict[str, PassTimes]:
    """Run all candidates in turn, one round a frame, after a round of warm-up.

    Args:
        candidates: functions of one frame, by name; each blocks until its result is there.
        frames: frames that the rounds use in turn.
        rounds: number of measured rounds.

    Returns:
        The times of each candidate.
    """
    times = {name: PassTimes() for name in candidates}
    for index in range(-WARM_UP_ROUNDS, rounds):
        for name, candidate in candidates.items():
            recorded = times[name] if index >= 0 else PassTimes()
            recorded.measure(candidate, frames[index % len(frames)])
    return times
