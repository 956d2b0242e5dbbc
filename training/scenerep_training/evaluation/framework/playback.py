"""Playbacks of a recording: its frames backwards, without poses, or at a lower rate.

Ids that a tracker keeps in one playback can be lost in another, so that five playbacks of a short
recording show more than one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources import Source

MIRROR_NS = 2**62
"""Sum of the stamps of a frame as recorded and backwards; stamps of 1970 to 2110 stay positive."""


@dataclass(frozen=True)
class Playback:
    """One way to play a recording.

    Attributes:
        step: play one frame in this many.
        is_reversed: play the last frame first.
        degradations: degradations of the frames that the pipeline receives.
    """

    step: int = 1
    is_reversed: bool = False
    degradations: tuple[str, ...] = ()


AS_RECORDED = "as_recorded"
PLAYBACKS: dict[str, Playback] = {
    AS_RECORDED: Playback(),
    "backwards": Playback(is_reversed=True),
    "no_poses": Playback(degradations=("no_poses",)),
    "every_2nd": Playback(step=2),
    "every_3rd": Playback(step=3),
}


class PlayedRecording(Source):
    """Frames of a recording in the order of a playback; their stamps ascend, and no frame is degraded.

    Args:
        source: the recording.
        playback: the way to play it.
    """

    def __init__(self, source: Source, playback: Playback) -> None:
        super().__init__(source.name, source.rate / playback.step)
        self.is_continuous = source.is_continuous
        self._source = source
        self._playback = playback
        indices = range(0, len(source), playback.step)
        self._indices = indices[::-1] if playback.is_reversed else indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> RGBDFrame:
        frame = self._source[self._indices[index]]
        if not self._playback.is_reversed:
            return frame
        return replace(frame, stamp_ns=MIRROR_NS - frame.stamp_ns)

    def frame_name(self, index: int) -> str:
        """Return the name of a frame."""
        return self._source.frame_name(self._indices[index])

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, or None."""
        return self._source.ground_truth(self._indices[index])


def add_playback_flag(parser: argparse.ArgumentParser) -> None:
    """Register --playback."""
    parser.add_argument(
        "--playback",
        dest="playbacks",
        nargs="+",
        choices=list(PLAYBACKS),
        default=[AS_RECORDED],
        metavar="NAME",
        help=f"measure each recording in each of these ways: {', '.join(PLAYBACKS)} "
        f"(default: {AS_RECORDED})",
    )


def list_playbacks(
    recordings: Sequence[str], playbacks: Sequence[str]
) -> list[tuple[str, str, str]]:
    """List each recording in each playback: name of the sample, recording and playback.

    >>> list_playbacks(["desk"], ["as_recorded", "backwards"])
    [('desk', 'desk', 'as_recorded'), ('desk/backwards', 'desk', 'backwards')]
    """
    return [
        (recording if name == AS_RECORDED else f"{recording}/{name}", recording, name)
        for recording in recordings
        for name in dict.fromkeys(playbacks)
    ]
