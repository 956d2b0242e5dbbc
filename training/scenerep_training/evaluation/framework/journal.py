"""Files that a run writes as it goes, and that survive its being killed at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from scenerep_training.engine.run_folder import json_text


class Journal:
    """One JSON object a line, appended; what a kill left of a line is as if never written.

    Args:
        path: of the file, which need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write one entry; the file must end with a whole line, which `repair` sees to."""
        with self.path.open("a") as file:
            file.write(json_text(entry, indent=None))

    def read(self) -> list[dict[str, Any]]:
        """Entries up to the first line that is not whole."""
        return [json.loads(line) for line in self._whole_lines()]

    def repair(self) -> None:
        """Cut the file after its last whole line, so that the next entry has a line of its own."""
        size = sum(len(line) for line in self._whole_lines())
        if self.path.exists() and size < self.path.stat().st_size:
            os.truncate(self.path, size)

    def _whole_lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        return list(takewhile(_is_whole, self.path.read_bytes().splitlines(keepends=True)))


def _is_whole(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False
