"""Final counts of a replay, in a file that another process reads after the replay's exit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import write_atomically


@dataclass(frozen=True)
class ReplayReport:
    """Counts of one replay.

    Attributes:
        source: path of the recording.
        published: number of published frames.
        skipped: number of unreadable frames.
        unanswered: number of published frames without feedback within the timeout.
    """

    source: str
    published: int = 0
    skipped: int = 0
    unanswered: int = 0

    def write(self, path: Path) -> None:
        """Write a JSON file atomically.

        Raises:
            ScenerepError: if the file cannot be written.
        """
        write_atomically(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> ReplayReport:
        """Read a file that `write` has written.

        Raises:
            ScenerepError: if the file is missing or is not a replay report.
        """
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise ScenerepError(f"replay report {path} cannot be read: {error}") from error
