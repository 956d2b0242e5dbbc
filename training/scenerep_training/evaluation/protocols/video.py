"""`video`: whether ids and masks stay with their objects from frame to frame."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.render import draw_overlay
from scenerep_ros.sources import Source
from scenerep_training.datasets.recordings import list_recordings
from scenerep_training.evaluation.figures.film_strip import FilmStrip
from scenerep_training.evaluation.framework.degradations import add_degrade, degrade
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    ERROR,
    Figures,
    Protocol,
    Quantity,
    Result,
)
from scenerep_training.evaluation.label_propagation.warping import estimate_backward_warp
from scenerep_training.evaluation.metrics.flicker import Flicker, Labels
from scenerep_training.evaluation.metrics.identity import IdConsistency
from scenerep_training.evaluation.metrics.tracks import TrackMetrics

FEWER_A_MINUTE = Quantity("1/min", -1)
SECONDS = Quantity("s", 1)


class Video(Protocol):
    """Consistency over time, without labels; and with them, where a recording has masks.

    A sample is a recording. The whole pipeline segments its frames in order, from an empty memory.
    What each pixel shows is looked up in the last frame, by depth and pose where both are known,
    else by optical flow (`warping`); `measured` is the share of frames of the first kind.

    `switches_per_minute` (of which `swaps` and `rebirths` are the numbers), `ids_per_minute` and
    the `life_...` figures, seconds, are defined in `metrics.identity`; without tracking ids mean
    nothing, and so these say what a frame's own numbering would give. `flicker` is defined in
    `metrics.flicker`, the figures against masks in `metrics.tracks`. A video of n frames lasts
    (n - 1) frame intervals; a life of n frames, n. Frames that cannot be read are counted in
    `unreadable`, named in the log, and stepped over. `--degrade` spoils the frames before the
    pipeline sees them; what pixels show is looked up in the frames as they were recorded.
    """

    name = "video"
    headline = ("switches_per_minute", "flicker", "life_median")
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "switches_per_minute": FEWER_A_MINUTE,
        "swaps": Quantity("", -1),
        "rebirths": Quantity("", -1),
        "ids_per_minute": FEWER_A_MINUTE,
        "life_median": SECONDS,
        "life_mean": SECONDS,
        "flicker": ERROR,
        "object_flicker": ERROR,
        "mot_switches": Quantity("", -1),
        "objects": COUNT,
        "frames": COUNT,
        "unreadable": Quantity("", -1),
        "compared": Quantity(better=0),
        "measured": Quantity(better=0),
    }

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        frames: int | None = None,
        degraded: Sequence[str] = (),
    ) -> None:
        super().__init__(data, config)
        self.recordings = list_recordings(data)
        self.frames = frames
        self.degraded = degraded
        self.pipeline = Pipeline(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --frames and --degrade."""
        parser.add_argument(
            "--frames", type=positive, metavar="N", help="only the first N frames of each recording"
        )
        add_degrade(parser)

    def samples(self) -> Sequence[str]:
        """Names of the recordings."""
        return list(self.recordings)

    def group(self, sample: str) -> str:
        """Name of the recording."""
        return sample

    def evaluate(self, sample: str) -> Result:
        """Segment one recording and watch its ids."""
        source = self.recordings[sample]()
        length = min(len(source), self.frames or len(source))
        consistency, tracks, strip = Consistency(), TrackMetrics(), FilmStrip(length)
        self.pipeline.reset()
        for index, frame in readable(source, length):
            spoilt = degrade(self.degraded, frame)
            labels = self.pipeline(spoilt).labels
            consistency.add(frame, labels)
            truth = source.ground_truth(index)
            if truth is not None:
                tracks.add(labels, truth)
            if strip.wants(index):
                strip.add(draw_overlay(spoilt.color, labels))
        if not consistency.frames:
            raise FrameError(f"{sample}: none of {length} frames can be read")
        figures = consistency.figures(source.rate) | tracks.figures()
        unreadable = float(length - consistency.frames)
        return Result(figures | {"unreadable": unreadable}, strip.picture())


def readable(source: Source, length: int) -> Iterator[tuple[int, RGBDFrame]]:
    """Frames that can be read, each with its index; the others are logged."""
    for index in range(length):
        try:
            frame = source[index]
        except FrameError as error:
            source.skip(source.frame_name(index), str(error))
            continue
        yield index, frame


class Consistency:
    """Watches the labels of consecutive frames.

    Attributes:
        frames: seen so far.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._measured = 0
        self._flicker, self._identity = Flicker(), IdConsistency()
        self._last: tuple[RGBDFrame, Labels] | None = None

    def add(self, frame: RGBDFrame, labels: Labels) -> None:
        """Take the next frame."""
        places = None
        if self._last is not None:
            last_frame, last_labels = self._last
            places = estimate_backward_warp(last_frame, frame)
            self._flicker.add(labels, last_labels, places)
            self._measured += places.measured
        self._identity.add(labels, places)
        self._last = frame, labels
        self.frames += 1

    def figures(self, rate: float) -> Figures:
        """Figures of a video of so many frames a second; NaN where it has too few."""
        pairs = self.frames - 1
        minutes = pairs / rate / 60 if pairs else float("nan")
        identity, lives = self._identity, self._identity.lives() / rate
        return {
            "switches_per_minute": (identity.swaps + identity.rebirths) / minutes,
            "swaps": float(identity.swaps),
            "rebirths": float(identity.rebirths),
            **self._flicker.figures(),
            "life_median": float(np.median(lives)) if len(lives) else float("nan"),
            "life_mean": float(lives.mean()) if len(lives) else float("nan"),
            "ids_per_minute": len(lives) / minutes,
            "measured": self._measured / pairs if pairs else float("nan"),
            "frames": float(self.frames),
        }
