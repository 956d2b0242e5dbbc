"""`video`: consistency of ids and masks from frame to frame."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.render import draw_overlay
from scenerep_ros.sources import Source
from scenerep_training.datasets.recordings import Opener, has_depth, list_recordings
from scenerep_training.evaluation.figures.film_strip import FilmStrip
from scenerep_training.evaluation.framework.degradations import add_degrade_flag, degrade
from scenerep_training.evaluation.framework.flags import add_frames_flag
from scenerep_training.evaluation.framework.playback import (
    AS_RECORDED,
    PLAYBACKS,
    PlayedRecording,
    add_playback_flag,
    list_playbacks,
)
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    ERROR_RATIO,
    Metrics,
    MetricSpec,
    Protocol,
    Result,
    sequence_of,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.label_propagation.warping import estimate_backward_warp
from scenerep_training.evaluation.metrics.flicker import Flicker, Labels
from scenerep_training.evaluation.metrics.id_consistency import IdConsistency
from scenerep_training.evaluation.metrics.tracks import TrackMetrics

LOWER_RATE = MetricSpec("1/min", -1)
LOWER_COUNT = MetricSpec("", -1)
LONGER = MetricSpec("s", 1)


@register_protocol
class Video(Protocol):
    """Temporal consistency without labels, and track metrics where a recording has masks.

    A sample is a recording, whose frames the whole pipeline segments in order, starting without
    tracks. Labels are compared along the backward warp to the previous frame, by depth and pose
    where both are known, else by optical flow (`warping`); `measured` is the share of frame
    pairs with a warp by depth and pose.

    `switches_per_minute` (id switches, the sum of `swaps` and `rebirths`), `ids_per_minute` (new
    tracks) and `life_...` (track length [s]) are defined in `metrics.id_consistency`; with tracking
    disabled they evaluate each frame's own numbering. `flicker` is defined in `metrics.flicker`;
    the metrics against masks (`mot_switches`, `track_iou`, `frame_iou`) in `metrics.tracks`. A
    video of n frames lasts (n - 1) frame intervals; a track over n frames, n. Unreadable frames are
    skipped, logged and counted in `unreadable`. `--degrade` degrades the frames that the pipeline
    receives; the warp is estimated from the original frames. `--playback` plays each recording in
    several ways, such as backwards or with every third frame; each is a sample. Without poses, only
    the pipeline lacks them.
    """

    name = "video"
    headline = ("switches_per_minute", "swaps", "rebirths", "flicker", "life_median")
    resampling_unit = staticmethod(sequence_of)
    metric_specs: ClassVar[Mapping[str, MetricSpec]] = {
        "switches_per_minute": LOWER_RATE,
        "swaps": LOWER_COUNT,
        "rebirths": LOWER_COUNT,
        "ids_per_minute": LOWER_RATE,
        "life_median": LONGER,
        "life_mean": LONGER,
        "flicker": ERROR_RATIO,
        "object_flicker": ERROR_RATIO,
        "mot_switches": LOWER_COUNT,
        "objects": COUNT,
        "frames": COUNT,
        "unreadable": LOWER_COUNT,
        "compared": MetricSpec(direction=0),
        "measured": MetricSpec(direction=0),
    }

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        frames: int | None = None,
        degradations: Sequence[str] = (),
        playbacks: Sequence[str] = (AS_RECORDED,),
    ) -> None:
        super().__init__(data, config)
        self.recordings = list_recordings(data)
        self.frames = frames
        self.degradations = degradations
        self._samples = {
            name: (recording, PLAYBACKS[playback])
            for name, recording, playback in list_playbacks(list(self.recordings), playbacks)
        }
        self.pipeline = Pipeline(config)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --frames, --degrade and --playback."""
        add_frames_flag(parser, "recording")
        add_degrade_flag(parser)
        add_playback_flag(parser)

    def samples(self) -> Sequence[str]:
        """Return the names of the recordings, and of their other playbacks."""
        return list(self._samples)

    def has_depth(self) -> bool:
        """Return whether the first frame has depth, of the first recording that can be read."""
        return has_depth(partial(_read_first_frame, opener) for opener in self.recordings.values())

    def group(self, sample: str) -> str:
        """Return the sample itself, so that each has a row."""
        return sample

    def evaluate(self, sample: str) -> Result:
        """Segment one recording in one playback and measure its temporal consistency."""
        recording, playback = self._samples[sample]
        source = self.recordings[recording]()
        source = PlayedRecording(
            source.part(0, min(len(source), self.frames or len(source))), playback
        )
        length, degradations = len(source), (*self.degradations, *playback.degradations)
        consistency, tracks, strip = TemporalConsistency(), TrackMetrics(), FilmStrip(length)
        self.pipeline.reset()
        for index, frame in readable_frames(source, length):
            degraded = degrade(degradations, frame)
            labels = self.pipeline(degraded).labels
            consistency.update(frame, labels)
            truth = source.ground_truth(index)
            if truth is not None:
                tracks.update(labels, truth)
            if strip.is_selected(index):
                strip.add(draw_overlay(degraded.color, labels))
        if not consistency.frames:
            raise FrameError(f"{sample}: none of {length} frames can be read")
        metrics = consistency.compute(source.rate) | tracks.compute()
        unreadable = float(length - consistency.frames)
        return Result(metrics | {"unreadable": unreadable}, strip.picture())


def _read_first_frame(opener: Opener) -> RGBDFrame:
    return opener()[0]


def readable_frames(source: Source, length: int) -> Iterator[tuple[int, RGBDFrame]]:
    """Yield index and frame of each readable frame; the others are logged."""
    for index in range(length):
        try:
            frame = source[index]
        except FrameError as error:
            source.skip(source.frame_name(index), str(error))
            continue
        yield index, frame


class TemporalConsistency:
    """Accumulates flicker and id consistency over the frames of a video.

    Attributes:
        frames: number of frames so far.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._geometric_warps = 0
        self._flicker, self._ids = Flicker(), IdConsistency()
        self._last: tuple[RGBDFrame, Labels] | None = None

    def update(self, frame: RGBDFrame, labels: Labels) -> None:
        """Add the next frame and its labels."""
        warp = None
        if self._last is not None:
            last_frame, last_labels = self._last
            warp = estimate_backward_warp(last_frame, frame)
            self._flicker.update(labels, last_labels, warp)
            self._geometric_warps += warp.is_geometric
        self._ids.update(labels, warp)
        self._last = frame, labels
        self.frames += 1

    def compute(self, rate: float) -> Metrics:
        """Return the metrics of all frames so far; NaN where they are too few.

        Args:
            rate: frame rate of the video [1/s].
        """
        pairs = self.frames - 1
        minutes = pairs / rate / 60 if pairs else float("nan")
        ids, durations = self._ids, self._ids.track_lengths() / rate
        return {
            "switches_per_minute": (ids.swaps + ids.rebirths) / minutes,
            "swaps": float(ids.swaps),
            "rebirths": float(ids.rebirths),
            **self._flicker.compute(),
            "life_median": float(np.median(durations)) if len(durations) else float("nan"),
            "life_mean": float(durations.mean()) if len(durations) else float("nan"),
            "ids_per_minute": len(durations) / minutes,
            "measured": self._geometric_warps / pairs if pairs else float("nan"),
            "frames": float(self.frames),
        }
