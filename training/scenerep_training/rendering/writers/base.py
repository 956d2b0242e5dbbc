"""Interface of the writers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from scenerep_training.rendering.recording import Recording
from scenerep_training.rendering.renderer import RenderedFrame


class RecordingWriter(ABC):
    """Writer of one recording; every file is written atomically.

    Args:
        recording: the recording.
        folder: of the recording.
    """

    def __init__(self, recording: Recording, folder: Path) -> None:
        self._recording = recording
        self._folder = folder

    @abstractmethod
    def has_frame(self, name: str) -> bool:
        """Return whether all images of a frame exist."""

    @abstractmethod
    def write_frame(self, frame: RenderedFrame, name: str) -> None:
        """Write the images of a frame.

        Raises:
            ScenerepError: if the disk is full or the folder cannot be written.
        """

    @abstractmethod
    def write_metadata(self) -> None:
        """Write what describes all frames.

        Raises:
            ScenerepError: if the disk is full or the folder cannot be written.
        """
