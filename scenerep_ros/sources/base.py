"""What every source is: a recording of RGB-D frames with a length."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SkippedFrame:
    """A frame that could not be read, and why."""

    name: str
    reason: str


class Source(ABC):
    """An ordered, finite recording.

    Iterating yields the readable frames; the others are logged and collected in `skipped`.

    Attributes:
        kind: what it is, for people: "TUM folder", "ROS 1 bag".
        looks_like: how it is told from other kinds, for people.
        name: of this recording.
        rate: frames a second as recorded.
        skipped: unreadable frames met by the last iteration.
    """

    kind: ClassVar[str]
    looks_like: ClassVar[str] = ""
    name: str
    rate: float

    def __init__(self, name: str, rate: float) -> None:
        self.name = name
        self.rate = rate
        self.skipped: list[SkippedFrame] = []

    @abstractmethod
    def __len__(self) -> int:
        """Number of frames, readable or not."""

    @abstractmethod
    def __getitem__(self, index: int) -> RGBDFrame:
        """Read one frame, 0 <= index < len(self).

        Raises:
            IndexError: past the end.
            FrameError: if this frame is missing or damaged.
        """

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth, which of image files takes half the time.

        Raises:
            IndexError, FrameError: as reading with depth.
        """
        return replace(self[index], depth=None)

    def __iter__(self) -> Iterator[RGBDFrame]:
        self.skipped = []
        for index in range(len(self)):
            try:
                yield self[index]
            except FrameError as error:
                self.skip(self.frame_name(index), str(error))

    def frame_name(self, index: int) -> str:
        """What a frame is called, even where it cannot be read."""
        return f"{index:06d}"

    def skip(self, name: str, reason: str) -> None:
        """Record an unreadable frame."""
        self.skipped.append(SkippedFrame(name, reason))
        log.warning("%s: skipped frame %s: %s", self.name, name, reason)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:  # noqa: ARG002
        """Instance labels (H, W) of one frame, 0 = background; None where there are none."""
        return None
