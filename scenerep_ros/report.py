"""Report of one run: frame counts, frame rate, latency of each stage and objects a frame."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import SceneSegmentation

if TYPE_CHECKING:  # the replay node measures its stages without a pipeline
    from scenerep_ros.pipeline import Pipeline

Latency = dict[str, dict[str, float]]
"""Median and 95th percentile of each stage [ms]: {"cluster": {"median": 6.1, "p95": 7.9}}."""


class Stopwatch:
    """Measures the wall time of named stages of one frame [ms].

    >>> watch = Stopwatch()
    >>> with watch("cluster"):
    ...     pass
    >>> list(watch.timings)
    ['cluster']
    """

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure the body as one stage; the times of a repeated stage add up."""
        start = time.perf_counter()
        yield
        elapsed = (time.perf_counter() - start) * 1e3
        self.timings[stage] = self.timings.get(stage, 0.0) + elapsed


def summarize_latency(timings: Sequence[Mapping[str, float]]) -> Latency:
    """Compute median and 95th percentile of each stage over all frames that ran it.

    Args:
        timings: time of each stage [ms], one mapping a frame.

    Returns:
        The summary [ms], stages in the order of their first occurrence.

    >>> summarize_latency([{"cut": 1.0}, {"cut": 3.0}])
    {'cut': {'median': 2.0, 'p95': 2.9}}
    """
    stages = dict.fromkeys(stage for frame in timings for stage in frame)
    samples = {stage: [frame[stage] for frame in timings if stage in frame] for stage in stages}
    return {stage: median_and_p95(values) for stage, values in samples.items()}


def median_and_p95(values: Sequence[float]) -> dict[str, float]:
    """Compute median and 95th percentile of at least one value, rounded to three decimals."""
    median, p95 = np.percentile(values, [50, 95])
    return {"median": round(float(median), 3), "p95": round(float(p95), 3)}


@dataclass(frozen=True)
class FrameCounts:
    """Numbers of frames; segmented + dropped = published."""

    published: int
    received: int
    segmented: int
    dropped: int


@dataclass(frozen=True)
class RunReport:
    """One run of the pipeline over a recording.

    Attributes:
        frames: numbers of published, received, segmented and dropped frames.
        fps: segmented frames a second, from the first to the last [1/s].
        latency_ms: median and 95th percentile of each stage [ms]; `backbone` is the forward pass.
        objects_per_frame: mean number of objects.
        backbone: name of the backbone.
        method: segmentation method.
        device: device of the backbone.
        dropped: number of dropped frames by reason.
        refused: reason for which the pipeline refused a frame, by the frame's name.
        runtime: runtime and precision of the backbone.
    """

    frames: FrameCounts
    fps: float
    latency_ms: Latency
    objects_per_frame: float
    backbone: str
    method: str
    device: str
    dropped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    runtime: str = ""

    def write(self, path: Path) -> None:
        """Write the report as JSON.

        Raises:
            ScenerepError: if the file cannot be written.
        """
        write_atomically(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    def __str__(self) -> str:
        """Format a summary of a few lines for the terminal."""
        frames = self.frames
        reasons = ", ".join(f"{count} {name}" for name, count in self.dropped.items() if count)
        lines = [
            f"{self.backbone}, {self.method}, {self.device}, {self.runtime}",
            f"frames   {frames.published} in, {frames.segmented} segmented, {frames.dropped} dropped"
            + (f" ({reasons})" if reasons else ""),
            f"speed    {self.fps:.1f} frames/s, {self.objects_per_frame:.1f} objects a frame",
            format_latency(self.latency_ms),
        ]
        return "\n".join(lines)


class RunLog:
    """Collects timings and object counts of the segmented frames for the report.

    Attributes:
        timings: time of each stage [ms], one mapping a segmented frame.
        refused: reason for which the pipeline refused a frame, by the frame's name.
    """

    def __init__(self) -> None:
        self.timings: list[Mapping[str, float]] = []
        self.refused: dict[str, str] = {}
        self._object_count = 0
        self._started_at = time.perf_counter()

    def add(self, scene: SceneSegmentation) -> None:
        """Add one segmented frame."""
        self.timings.append(scene.timings)
        self._object_count += len(scene.objects)

    def add_refused(self, name: str, reason: str) -> None:
        """Add a frame that the pipeline refused."""
        self.refused[name] = reason

    def report(self, unreadable: int, pipeline: Pipeline) -> RunReport:
        """Summarize the run.

        Args:
            unreadable: number of frames that could not be read; they count as dropped.
            pipeline: the pipeline that segmented at least one frame.
        """
        segmented, refused = len(self.timings), len(self.refused)
        received = segmented + refused
        return RunReport(
            frames=FrameCounts(received + unreadable, received, segmented, refused + unreadable),
            fps=round(segmented / (time.perf_counter() - self._started_at), 2),
            latency_ms=summarize_latency(self.timings),
            objects_per_frame=round(self._object_count / segmented, 2),
            backbone=pipeline.backbone.name,
            method=pipeline.config.method,
            device=pipeline.backbone.device,
            dropped={"unreadable": unreadable, "refused": refused},
            refused=dict(self.refused),
            runtime=pipeline.backbone.runtime,
        )


def format_latency(stages: Latency) -> str:
    """Format a table with a header and one line a stage [ms]."""
    lines = [f"{'stage':<12}{'median':>9}{'p95':>9}  ms"]
    for stage, values in stages.items():
        lines.append(f"{stage:<12}{values['median']:>9.1f}{values['p95']:>9.1f}")
    return "\n".join(lines)
