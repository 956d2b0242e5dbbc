"""Recordings below a path, opened on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.registry import is_recording
from scenerep_training.datasets.davis import is_davis, list_davis_sequences

Opener = Callable[[], Source]
"""Function that opens a recording; it raises FrameError if the recording is damaged."""


def list_recordings(path: Path) -> dict[str, Opener]:
    """List recordings by name.

    Args:
        path: recording in any format of the runtime, DAVIS, or a folder of recordings.

    Raises:
        SourceError: if there is none.
    """
    if is_davis(path):
        return {name: _return(source) for name, source in list_davis_sequences(path).items()}
    paths = recording_paths(path)
    if paths == [path]:
        source = open_source(path)
        return {source.name: _return(source)}
    return {child.name: _open_later(child) for child in paths}


def recording_paths(path: Path) -> list[Path]:
    """Return the recordings of a folder, sorted; the path itself if it is one or holds none."""
    if is_recording(path) or not path.is_dir():
        return [path]
    return sorted(filter(is_recording, path.iterdir())) or [path]


def has_depth(readers: Iterable[Callable[[], RGBDFrame]]) -> bool:
    """Return whether the first readable frame has depth.

    Args:
        readers: functions that read one frame each, or raise FrameError.
    """
    for read in readers:
        try:
            return read().depth is not None
        except FrameError:
            continue
    return False


def _return(source: Source) -> Opener:
    return lambda: source


def _open_later(path: Path) -> Opener:
    def open_recording() -> Source:
        try:
            return open_source(path)
        except SourceError as error:
            raise FrameError(str(error)) from error

    return open_recording
