"""Base of the sources that can only be read from start to end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source


class SequentialSource(Source):
    """Frames that are decoded in order.

    Indexing in order costs the same as iterating; indexing backwards starts again at the beginning.
    """

    def __init__(self, name: str, rate: float) -> None:
        super().__init__(name, rate)
        self._cursor: Iterator[RGBDFrame | FrameError] = iter(())
        self._next = 0

    @abstractmethod
    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        """Yield frame after frame from the start, or what is wrong with it.

        Where the recording ends early, the last thing is an error that says so.
        """

    def __iter__(self) -> Iterator[RGBDFrame]:
        self.skipped = []
        for index, frame in enumerate(self._decode()):
            if isinstance(frame, FrameError):
                self.skip(self.frame_name(index), str(frame))
            else:
                yield frame

    def __getitem__(self, index: int) -> RGBDFrame:
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index < self._next or self._next == 0:
            self._cursor, self._next = self._decode(), 0
        frame = self._advance(index)
        if isinstance(frame, FrameError):
            raise frame
        return frame

    def _advance(self, index: int) -> RGBDFrame | FrameError:
        for frame in self._cursor:
            self._next += 1
            if self._next > index:
                return frame
        return FrameError(f"{self.kind} {self.name}: ends before frame {index}")
