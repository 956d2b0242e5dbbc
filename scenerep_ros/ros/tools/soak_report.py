"""Result of an endurance test, and the reasons for which it fails."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from scenerep_ros.config.constants import tuned
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.ros.tools.process_usage import ProcessUsage


@dataclass(frozen=True)
class SoakReportConstants:
    """Tuned constants of the result of an endurance test."""

    settling_ratio: float = tuned(
        1 / 12,
        "part of the test at its beginning that the growth of memory does not count",
        set_on="argument: ten minutes of two hours; caches and allocators fill up",
    )
    max_growth_mb_per_hour: float = tuned(
        1.0,
        "growth of resident memory after the settling above which the test fails",
        unit="MB/h",
        set_on="argument: a robot runs for days",
    )
    min_trend_minutes: float = tuned(
        60.0,
        "duration from which the growth of memory decides; noise is larger in a shorter test",
        unit="min",
        set_on="argument: 1 MB/h is below the noise of an allocator for an hour",
    )


CONSTANTS = SoakReportConstants()


@dataclass
class SoakReport:
    """Result of an endurance test.

    Attributes:
        minutes: duration [min].
        disturbances: number of disturbances by kind.
        received: number of messages by output.
        samples: time since the start [s] and resources.
        growth_mb_per_hour: slope of resident memory after the settling.
        leftover_segments: shared-memory files created by the segmenter that its end left.
        exit_code: exit code of the segmenter; None if the test failed before its end.
        failure: error that ended the test early, or "".
    """

    minutes: float = 0.0
    disturbances: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    samples: list[tuple[float, ProcessUsage]] = field(default_factory=list)
    growth_mb_per_hour: float = 0.0
    leftover_segments: list[str] = field(default_factory=list)
    exit_code: int | None = None
    failure: str = ""

    @property
    def problems(self) -> list[str]:
        """Reasons for which the test fails; empty if it passes."""
        problems = [self.failure] if self.failure else []
        problems += self._growth()
        if self.leftover_segments:
            problems.append(f"the segmenter left {', '.join(self.leftover_segments)}")
        if self.exit_code:
            problems.append(f"the segmenter ended with exit code {self.exit_code}")
        silent = [name for name, count in self.received.items() if not count]
        return problems + [f"no message on {name}" for name in silent]

    def _growth(self) -> list[str]:
        """Return a sentence for each resource that grew after the settling."""
        settled = [usage for _, usage in self._settled]
        problems = [
            f"{name} grew from {getattr(settled[0], name)} to {getattr(settled[-1], name)}"
            for name in ("threads", "files", "segments")
            if settled and getattr(settled[-1], name) > max(getattr(x, name) for x in settled[:10])
        ]
        is_long = self._sampled_minutes >= CONSTANTS.min_trend_minutes
        if is_long and self.growth_mb_per_hour > CONSTANTS.max_growth_mb_per_hour:
            problems.append(f"resident memory grows by {self.growth_mb_per_hour:.1f} MB an hour")
        return problems

    @property
    def _sampled_minutes(self) -> float:
        if not self.failure:
            return self.minutes
        return self.samples[-1][0] / 60 if self.samples else 0.0

    @property
    def _settled(self) -> list[tuple[float, ProcessUsage]]:
        start = self.samples[-1][0] * CONSTANTS.settling_ratio if self.samples else 0.0
        return [sample for sample in self.samples if sample[0] >= start]

    def measure_growth(self) -> None:
        """Fit a line to resident memory after the settling."""
        times = np.array([moment for moment, _ in self._settled])
        memory = np.array([usage.memory_mb for _, usage in self._settled])
        if len(times) > 1:
            self.growth_mb_per_hour = float(np.polyfit(times / 3600, memory, 1)[0])

    def write(self, path: Path) -> None:
        """Write a JSON file atomically.

        Raises:
            ScenerepError: if the file cannot be written.
        """
        content = asdict(self) | {"problems": self.problems}
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
