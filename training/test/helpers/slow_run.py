"""Evaluation run that a test can kill: python slow_run.py FOLDER SECONDS_PER_SAMPLE."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from scenerep_training.evaluation.framework.protocol import Protocol, Result
from scenerep_training.evaluation.framework.runner import run_protocol

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError


class Slow(Protocol):
    """Twenty samples in two groups: one is unreadable and one has an undefined metric."""

    name = "slow"
    headline = ("number",)

    def __init__(self, delay: float) -> None:
        super().__init__(Path("data"), PipelineConfig())
        self.delay = delay
        self.measured: list[str] = []

    def samples(self):
        return [f"{'even' if index % 2 == 0 else 'odd'}/{index:02d}" for index in range(20)]

    def evaluate(self, sample):
        time.sleep(self.delay)
        self.measured.append(sample)
        number = int(sample.split("/")[1])
        if number == 3:
            raise FrameError(f"{sample}: is damaged")
        picture = np.full((30, 40, 3), number, np.uint8)
        return Result({"number": float("nan") if number == 4 else number / 7}, picture)


if __name__ == "__main__":
    run_protocol(Slow(float(sys.argv[2])), Path(sys.argv[1]), {"seed": 0})
