"""Frames that are held back from training: the end of each recording, after a gap."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_training.data.recordings import Recordings
from scenerep_training.datasets.encoded_images import EncodedImages


@dataclass(frozen=True)
class HoldOutConstants:
    """Tuned constants of the held-back part of a recording."""

    ratio: float = tuned(
        0.2, "ratio of a recording that is held back", set_on="argument: a usual validation share"
    )
    gap_s: float = tuned(
        3.0,
        "time before the held-back part that is not trained on",
        unit="s",
        set_on="argument: views of one place seldom last longer in motion",
    )
    max_gap_ratio: float = tuned(
        0.05, "largest ratio of a recording in the gap", set_on="argument: short recordings"
    )
    min_frames: int = tuned(
        3, "frames of a recording from which a part is held back", set_on="argument: a pair remains"
    )


CONSTANTS = HoldOutConstants()


@dataclass(frozen=True)
class HeldOut:
    """Division of recordings.

    Attributes:
        training: recordings without their held-back parts and gaps.
        held_back: held-back part of each recording that is long enough.
    """

    training: Recordings
    held_back: tuple[Source, ...]


def hold_out(recordings: Recordings) -> HeldOut:
    """Hold back the last fifth of each recording, and leave out a gap before it.

    The part is contiguous and the gap up to 3 s long, because neighboring frames are nearly equal.
    Recordings of fewer than three frames, and encoded images, are trained on as a whole.
    """
    training: list[Source] = []
    held_back = []
    for source in recordings.sources:
        if len(source) < CONSTANTS.min_frames or isinstance(source, EncodedImages):
            training.append(source)
            continue
        length, held_count, gap = len(source), _held_count(len(source)), _gap_length(source)
        held_back.append(source.part(length - held_count, length))
        training.append(source.part(0, length - held_count - gap))
    return HeldOut(replace(recordings, sources=tuple(training)), tuple(held_back))


def _held_count(length: int) -> int:
    return max(1, round(CONSTANTS.ratio * length))


def _gap_length(source: Source) -> int:
    gap = min(CONSTANTS.gap_s * source.rate, CONSTANTS.max_gap_ratio * len(source))
    return int(gap)


def preview_frames(parts: tuple[Source, ...], count: int) -> list[RGBDFrame]:
    """Read the last color frame of some held-back parts, spread evenly over them.

    Args:
        parts: held-back parts.
        count: maximum number of frames; unreadable frames are left out.
    """
    positions = np.linspace(0, len(parts) - 1, min(count, len(parts)))
    frames = []
    for position in positions.round().astype(int):
        part = parts[position]
        last = len(part) - 1
        try:
            frames.append(part.color_frame(last))
        except FrameError as error:
            part.skip(part.frame_name(last), str(error))
    return frames
