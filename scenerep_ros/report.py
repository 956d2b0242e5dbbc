"""What one run did: frames, speed, latency a stage, objects; as report.json and as a short text."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import SceneSegmentation
from scenerep_ros.pipeline import Pipeline

Latency = dict[str, dict[str, float]]
"""Milliseconds a stage: {"cluster": {"median": 6.1, "p95": 7.9}}."""


def latency(timings: Sequence[Mapping[str, float]]) -> Latency:
    """Median and 95th percentile a stage over all frames, milliseconds; stages in their order."""
    stages = dict.fromkeys(stage for frame in timings for stage in frame)
    samples = {stage: [frame[stage] for frame in timings if stage in frame] for stage in stages}
    return {stage: percentiles(values) for stage, values in samples.items()}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of at least one value, to the microsecond if values are ms."""
    median, p95 = np.percentile(values, [50, 95])
    return {"median": round(float(median), 3), "p95": round(float(p95), 3)}


@dataclass(frozen=True)
class FrameCounts:
    """Every frame is accounted for: segmented + dropped = published."""

    published: int
    received: int
    segmented: int
    dropped: int


@dataclass(frozen=True)
class RunReport:
    """One run of the pipeline over a recording.

    Attributes:
        frames: what became of them.
        fps: segmented frames a second, from the first to the last.
        latency_ms: a stage; the forward pass is `backbone`.
        objects_per_frame: mean.
        backbone, method, device: what ran.
        dropped: by reason.
    """

    frames: FrameCounts
    fps: float
    latency_ms: Latency
    objects_per_frame: float
    backbone: str
    method: str
    device: str
    dropped: dict[str, int] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write report.json."""
        write_atomically(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    def __str__(self) -> str:
        """Summarise in a few lines for the terminal."""
        frames = self.frames
        reasons = ", ".join(f"{count} {name}" for name, count in self.dropped.items() if count)
        lines = [
            f"{self.backbone}, {self.method}, {self.device}",
            f"frames   {frames.published} in, {frames.segmented} segmented, {frames.dropped} dropped"
            + (f" ({reasons})" if reasons else ""),
            f"speed    {self.fps:.1f} frames/s, {self.objects_per_frame:.1f} objects a frame",
            latency_text(self.latency_ms),
        ]
        return "\n".join(lines)


class RunLog:
    """Keeps of every segmented frame what the report needs, and no images."""

    def __init__(self) -> None:
        self.timings: list[Mapping[str, float]] = []
        self._objects = 0
        self._start = time.perf_counter()

    def add(self, scene: SceneSegmentation) -> None:
        """Take note of one segmented frame."""
        self.timings.append(scene.timings)
        self._objects += len(scene.objects)

    def report(self, unreadable: int, pipeline: Pipeline) -> RunReport:
        """Summarise at least one frame; `unreadable` ones count as dropped."""
        segmented = len(self.timings)
        published = segmented + unreadable
        return RunReport(
            frames=FrameCounts(published, segmented, segmented, unreadable),
            fps=round(segmented / (time.perf_counter() - self._start), 2),
            latency_ms=latency(self.timings),
            objects_per_frame=round(self._objects / segmented, 2),
            backbone=pipeline.backbone.name,
            method=pipeline.config.method,
            device=str(pipeline.backbone.device),
            dropped={"unreadable": unreadable},
        )


def latency_text(stages: Latency) -> str:
    """Return one aligned line a stage."""
    lines = [f"{'stage':<12}{'median':>9}{'p95':>9}  ms"]
    for stage, values in stages.items():
        lines.append(f"{stage:<12}{values['median']:>9.1f}{values['p95']:>9.1f}")
    return "\n".join(lines)
