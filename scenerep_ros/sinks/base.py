"""What every sink is: something that takes the pipeline's answers one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from scenerep_ros.frames import RGBDFrame, SceneSegmentation

_Self = TypeVar("_Self", bound="Sink")


class Sink(Protocol):
    """Takes one scene after the other; as a context manager, it closes itself."""

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Take the next scene.

        Raises:
            ScenerepError: if it cannot be written.
        """

    def close(self) -> None:
        """Finish what was begun; closing twice is harmless."""
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


class Sinks(Sink):
    """Several sinks as one; closing closes them all, even where one of them fails."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = list(sinks)

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Give the scene to each sink."""
        for sink in self._sinks:
            sink.write(frame, scene)

    def close(self) -> None:
        """Close each sink."""
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.callback(sink.close)


def path_inside(folder: Path, name: str, suffix: str) -> Path:
    """Return the path of the file for a frame of that name, which never leaves the folder.

    >>> path_inside(Path("out"), "../seq/0001", ".png").as_posix()
    'out/.._seq_0001.png'
    """
    return folder / ((re.sub(r"[/\\:\0]", "_", name) or "frame") + suffix)
