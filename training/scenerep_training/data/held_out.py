"""Frames that are held out of training, for previews."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_training.data.recordings import Recordings

MIN_RECORDING_LENGTH = 3
"""Frames of a recording from which one frame may be held out."""


class TruncatedRecording(Source):
    """Recording without its last frame.

    Args:
        source: complete recording.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source.name, source.rate)
        self._source = source

    def __len__(self) -> int:
        return len(self._source) - 1

    def __getitem__(self, index: int) -> RGBDFrame:
        self._check(index)
        return self._source[index]

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth."""
        self._check(index)
        return self._source.color_frame(index)

    def frame_name(self, index: int) -> str:
        """Return the name of a frame."""
        return self._source.frame_name(index)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, or None."""
        return self._source.ground_truth(index)

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError(index)


def hold_out_frames(recordings: Recordings, count: int) -> tuple[Recordings, list[RGBDFrame]]:
    """Hold out the last frame of some recordings, spread evenly over those that are long enough.

    Args:
        recordings: all recordings.
        count: maximum number of frames; unreadable frames are left out.

    Returns:
        The recordings without these frames, and the frames without depth.
    """
    candidates = [
        index
        for index, source in enumerate(recordings.sources)
        if len(source) >= MIN_RECORDING_LENGTH
    ]
    positions = np.linspace(0, len(candidates) - 1, min(count, len(candidates)))
    chosen = {candidates[position] for position in positions.round().astype(int)}
    frames = []
    for index in sorted(chosen):
        source = recordings.sources[index]
        try:
            frames.append(source.color_frame(len(source) - 1))
        except FrameError as error:
            source.skip(source.frame_name(len(source) - 1), str(error))
    sources = tuple(
        TruncatedRecording(source) if index in chosen else source
        for index, source in enumerate(recordings.sources)
    )
    return Recordings(sources, recordings.probabilities), frames
