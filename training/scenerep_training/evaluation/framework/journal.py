"""JSON Lines files that a run appends to and that survive an interruption at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from scenerep_training.engine.run_folder import to_json


class Journal:
    """Append-only file with one JSON object a line; an incomplete last line is ignored.

    Args:
        path: of the file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write one entry; call `repair` first if the last line may be incomplete."""
        with self.path.open("a") as file:
            file.write(to_json(entry, indent=None))

    def read(self) -> list[dict[str, Any]]:
        """Return the entries before the first incomplete line."""
        return [json.loads(line) for line in self._complete_lines()]

    def repair(self) -> None:
        """Truncate the file before its first incomplete line."""
        size = sum(len(line) for line in self._complete_lines())
        if self.path.exists() and size < self.path.stat().st_size:
            os.truncate(self.path, size)

    def _complete_lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        return list(takewhile(_is_complete, self.path.read_bytes().splitlines(keepends=True)))


def _is_complete(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False
