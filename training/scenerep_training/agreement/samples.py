"""Frames on which a backbone is scored without labels, with their references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.share import sample_sequence
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources import open_source
from scenerep_ros.sources.base import Source
from scenerep_training.agreement.references import FindMasks, Labels, ReferenceMasks
from scenerep_training.evaluation.label_propagation.warping import (
    NearestBackwardWarp,
    estimate_backward_warp,
)

FORGETTING = "forgetting"
"""Group of the samples from the package's own sequence."""


@dataclass(frozen=True)
class SampleConstants:
    """Tuned constants of the scored frames."""

    pair_distance_s: float = tuned(
        0.1,
        "time between the two frames of a pair",
        unit="s",
        set_on="argument: flow is reliable over few frames, and a camera in motion has moved",
    )


CONSTANTS = SampleConstants()


@dataclass(frozen=True)
class Sample:
    """Pair of frames of one recording.

    Attributes:
        name: recording and name of the second frame.
        group: name of the recording, or FORGETTING.
        colors: (H, W, 3) uint8 of the first and the second frame.
        references: reference masks of both; None where there are none.
        warp: from the second frame to the first.
    """

    name: str
    group: str
    colors: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    references: tuple[Labels | None, Labels | None]
    warp: NearestBackwardWarp


def held_back_samples(
    sources: Sequence[Source], count: int, find_masks: FindMasks | None = None
) -> list[Sample]:
    """Draw samples evenly from sources.

    Args:
        sources: recordings or parts of them.
        count: number of samples. If there are more recordings, one sample of `count` of them, evenly
            spread, is drawn.
        find_masks: masks of a teacher, see `ReferenceMasks`.
    """
    chosen = np.linspace(0, len(sources) - 1, min(count, len(sources))).round().astype(int)
    per_source = max(1, count // max(1, len(chosen)))
    return [
        sample
        for i in chosen
        for sample in draw_samples(sources[i], per_source, find_masks=find_masks)
    ]


def forgetting_samples(count: int) -> list[Sample]:
    """Draw samples from the sequence that the package ships."""
    return list(draw_samples(open_source(sample_sequence()), count, FORGETTING))


def draw_samples(
    source: Source,
    count: int,
    group: str = "",
    distance_s: float | None = None,
    find_masks: FindMasks | None = None,
) -> Iterator[Sample]:
    """Yield evenly spaced pairs of frames of a recording; unreadable ones are logged.

    Args:
        source: recording.
        count: number of pairs; fewer if the recording is shorter.
        group: group of the samples; empty selects the name of the recording.
        distance_s: time between the frames of a pair [s]; None selects that of the scores.
        find_masks: masks of a teacher, see `ReferenceMasks`.
    """
    distance_s = CONSTANTS.pair_distance_s if distance_s is None else distance_s
    make_reference = ReferenceMasks(find_masks)
    for first, second in sample_positions(len(source), distance_s * source.rate, count):
        try:
            frames = source[first], source[second]
        except FrameError as error:
            source.skip(source.frame_name(second), str(error))
            continue
        yield _make_sample(source, second, frames, make_reference, group or source.name)


def sample_positions(length: int, distance: float, count: int) -> list[tuple[int, int]]:
    """Return the indices of evenly spaced pairs of a given distance [frames].

    >>> sample_positions(31, 3.0, 3)
    [(0, 3), (14, 17), (27, 30)]
    """
    gap = min(max(1, round(distance)), length - 1)
    starts = np.linspace(0, length - 1 - gap, min(count, length - gap)).round()
    return [(int(start), int(start) + gap) for start in starts]


def _make_sample(
    source: Source,
    index: int,
    frames: tuple[RGBDFrame, RGBDFrame],
    make_reference: ReferenceMasks,
    group: str,
) -> Sample:
    first, second = frames
    references = make_reference(first, second), make_reference(second, first)
    name = f"{source.name}/{source.frame_name(index)}"
    warp = estimate_backward_warp(first, second)
    return Sample(name, group, (first.color, second.color), references, warp)
