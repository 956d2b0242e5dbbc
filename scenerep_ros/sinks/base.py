"""Interface of the writers of segmentation results."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.sources.frame_names import safe_name

_Self = TypeVar("_Self", bound="Sink")


class Sink(Protocol):
    """Writer of a sequence of segmented frames; a context manager that closes itself."""

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the next scene.

        Args:
            frame: frame that was segmented.
            scene: segmentation of the frame.

        Raises:
            ScenerepError: if the scene cannot be written.
        """

    def close(self) -> None:
        """Complete the output; a second call has no effect."""
        return

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class CompositeSink(Sink):
    """Writes each scene to several sinks and closes all of them, even when one of them fails."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = list(sinks)

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the scene to each sink."""
        for sink in self._sinks:
            sink.write(frame, scene)

    def close(self) -> None:
        """Close each sink."""
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.callback(sink.close)


def path_inside(folder: Path, name: str, suffix: str) -> Path:
    """Return the path of a frame's file, which is always inside the folder.

    Characters that separate folders are replaced in the name.

    >>> path_inside(Path("out"), "../seq/0001", ".png").as_posix()
    'out/.._seq_0001.png'
    """
    return folder / (safe_name(name) + suffix)
