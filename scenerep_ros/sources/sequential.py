"""Base of the sources that can be decoded only from start to end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source


class SequentialSource(Source):
    """Recording whose frames are decoded in order.

    Access by ascending index costs the same as iteration; a lower index restarts the decoder.
    """

    def __init__(self, name: str, rate: float) -> None:
        super().__init__(name, rate)
        self._decoder: Iterator[RGBDFrame | FrameError] = iter(())
        self._next_index = 0

    @abstractmethod
    def _decode(self) -> Iterator[RGBDFrame | FrameError]:
        """Yield each frame from the start, or the error that makes it unreadable.

        If the recording ends early, the last item is an error that reports this.
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
        if index < self._next_index or self._next_index == 0:
            self._decoder, self._next_index = self._decode(), 0
        frame = self._decode_up_to(index)
        if isinstance(frame, FrameError):
            raise frame
        return frame

    def _decode_up_to(self, index: int) -> RGBDFrame | FrameError:
        for frame in self._decoder:
            self._next_index += 1
            if self._next_index > index:
                return frame
        return FrameError(f"{self.format_name} {self.name}: ends before frame {index}")
