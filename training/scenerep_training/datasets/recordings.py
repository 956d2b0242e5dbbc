"""Recordings below a path, opened when their turn comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.registry import is_recording
from scenerep_training.datasets.davis import is_davis, list_davis_sequences

Opener = Callable[[], Source]


def list_recordings(path: Path) -> dict[str, Opener]:
    """List recordings by name.

    Args:
        path: whatever `scenerep segment` opens; DAVIS; or a folder of such recordings.

    Returns:
        What opens each; it raises FrameError where that fails.

    Raises:
        SourceError: if there is none.
    """
    if is_davis(path):
        return {name: _given(source) for name, source in list_davis_sequences(path).items()}
    paths = recording_paths(path)
    if paths == [path]:
        source = open_source(path)
        return {source.name: _given(source)}
    return {child.name: _opener(child) for child in paths}


def recording_paths(path: Path) -> list[Path]:
    """Paths of the recordings of a folder, in order; the path itself if it is one or holds none."""
    if is_recording(path) or not path.is_dir():
        return [path]
    return sorted(filter(is_recording, path.iterdir())) or [path]


def _given(source: Source) -> Opener:
    return lambda: source


def _opener(path: Path) -> Opener:
    def opened() -> Source:
        try:
            return open_source(path)
        except SourceError as error:
            raise FrameError(str(error)) from error

    return opened
