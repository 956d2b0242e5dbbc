"""Frames that training does not see, so that pictures of them say something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_training.data.recordings import Recordings

SHORTEST = 3
"""Frames of a recording that can do without one of them."""


class WithoutLast(Source):
    """A recording without its last frame.

    Args:
        source: the whole recording.
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
        """What a frame is called."""
        return self._source.frame_name(index)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Instance labels (H, W) of one frame; None where there are none."""
        return self._source.ground_truth(index)

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError(index)


def hold_back(recordings: Recordings, count: int) -> tuple[Recordings, list[RGBDFrame]]:
    """Take the last frame out of some recordings, spread evenly over all that are long enough.

    Args:
        recordings: all.
        count: of frames at the most; one that cannot be read is left out.

    Returns:
        The recordings without these frames, and the frames, colour only.
    """
    long = [index for index, source in enumerate(recordings.sources) if len(source) >= SHORTEST]
    places = np.linspace(0, len(long) - 1, min(count, len(long))).round().astype(int)
    chosen = {long[place] for place in places}
    frames = []
    for index in sorted(chosen):
        source = recordings.sources[index]
        try:
            frames.append(source.color_frame(len(source) - 1))
        except FrameError as error:
            source.skip(source.frame_name(len(source) - 1), str(error))
    sources = tuple(
        WithoutLast(source) if index in chosen else source
        for index, source in enumerate(recordings.sources)
    )
    return Recordings(sources, recordings.shares), frames
