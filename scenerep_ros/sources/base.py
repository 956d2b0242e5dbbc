"""Interfaces of recordings: an ordered, finite sequence of RGB-D frames."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError, printable
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.options import SourceOptions

if TYPE_CHECKING:
    from typing_extensions import Self

log = logging.getLogger(__name__)

ObjectView = tuple[RGBDFrame, NDArray[np.bool_] | None]
"""Crop of a frame around an object, and the object's mask (H, W); None if no object is known."""


@dataclass(frozen=True)
class SkippedFrame:
    """Name of an unreadable frame, and the reason."""

    name: str
    reason: str


class Source(ABC):
    """An ordered, finite recording.

    Iteration yields the readable frames; the others are logged and collected in `skipped`.

    Attributes:
        format_name: name of the format in messages, such as "TUM folder".
        format_description: files by which the format is recognized, for messages.
        detection_priority: rank of the format in automatic detection, see `SourceFormat`.
        name: name of this recording.
        rate: recorded frame rate [Hz].
        is_continuous: whether neighboring frames show one scene, as in a video; None if that is open,
            as in a folder of images.
        skipped: unreadable frames of the last iteration.
    """

    format_name: ClassVar[str]
    format_description: ClassVar[str] = ""
    detection_priority: ClassVar[int] = 100
    name: str
    rate: float
    is_continuous: bool | None = True

    def __init__(self, name: str, rate: float) -> None:
        self.name = name
        self.rate = rate
        self.skipped: list[SkippedFrame] = []

    @classmethod
    def open(cls, path: Path, options: SourceOptions) -> Self:
        """Open a recording with options; a format with choices overrides it.

        Raises:
            SourceError: if the recording is damaged, or an option names a camera or topic.
        """
        if options.chooses_topics and options.are_topics_required:
            raise SourceError(
                f"{cls.format_name} {path}: has no topics; leave out the options that choose a camera "
                "or a topic"
            )
        return cls(path)  # type: ignore[call-arg,arg-type]

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of frames, readable or not."""

    @abstractmethod
    def __getitem__(self, index: int) -> RGBDFrame:
        """Read one frame, 0 <= index < len(self).

        Raises:
            IndexError: if there is no such frame.
            FrameError: if the frame is missing or damaged.
        """

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth; sources of image files save half of the time by it.

        Raises:
            IndexError: if there is no such frame.
            FrameError: if the frame is missing or damaged.
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
        """Return the name of a frame, which an unreadable frame has too."""
        return f"{index:06d}"

    def skip(self, name: str, reason: str) -> None:
        """Record an unreadable frame."""
        self.skipped.append(SkippedFrame(name, reason))
        log.warning("%s: skipped frame %s: %s", self.name, printable(name), reason)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:  # noqa: ARG002
        """Return the instance labels (H, W) of one frame, 0 = background, or None."""
        return None

    def part(self, start: int, stop: int, step: int = 1) -> Source:
        """Return the recording of every `step`-th frame from start up to, without, stop."""
        return RecordingPart(self, range(start, stop, step))

    def partners(self, index: int) -> list[int] | None:  # noqa: ARG002
        """Return the other frames that show an object of one frame; the frame itself if there is none.

        Without objects that are identified over the recording, the result is None.
        """
        return None

    def object_views(self, first: int, second: int) -> tuple[ObjectView, ObjectView] | None:  # noqa: ARG002
        """Read the views of one object in two frames; None where `partners` are unknown.

        Raises:
            FrameError: if a frame is missing or damaged.
        """
        return None


class RecordingPart(Source):
    """Evenly spaced frames of a recording.

    Args:
        source: complete recording.
        indices: indices of the frames.
    """

    def __init__(self, source: Source, indices: range) -> None:
        super().__init__(source.name, source.rate / indices.step)
        self.is_continuous = source.is_continuous
        self._source = source
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> RGBDFrame:
        return self._source[self._position(index)]

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth."""
        return self._source.color_frame(self._position(index))

    def frame_name(self, index: int) -> str:
        """Return the name of a frame."""
        return self._source.frame_name(self._position(index))

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, or None."""
        return self._source.ground_truth(self._position(index))

    def _position(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._indices[index]


class SourceFormat(Protocol):
    """Interface of a registered format: a subclass of `Source` that recognizes its recordings.

    Attributes:
        format_name: see `Source`.
        format_description: see `Source`.
        detection_priority: formats of higher priority are tested first. A format needs a higher
            priority than every more general format that matches the same files: a TUM folder, for
            example, is also a folder of RGB-D images. Built-in formats use 10 to 70; the default,
            100, puts a new format before them.
    """

    format_name: str
    format_description: str
    detection_priority: int

    def __call__(self, path: Path, /) -> Source:
        """Open a recording.

        Raises:
            SourceError: if the recording is damaged.
        """

    def open(self, path: Path, options: SourceOptions, /) -> Source:
        """Open a recording with options; see `Source.open`."""

    def matches(self, path: Path) -> bool:
        """Return whether an existing file or folder has this format."""
