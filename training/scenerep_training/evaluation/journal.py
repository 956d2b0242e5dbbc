"""Files that a run writes as it goes, and that survive its being killed at any moment."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from scenerep_ros.errors import ConfigError


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


def json_text(value: Any, indent: int | None = 2) -> str:
    """Return a line, or lines, of JSON as every reader takes it: undefined numbers are null."""
    return json.dumps(_defined(value), indent=indent, allow_nan=False) + "\n"


def _defined(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _defined(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: Path) -> dict[str, Any]:
    """Read a run's file.

    Raises:
        ConfigError: if it is missing or not a JSON object.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; is its folder a run's?") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: holds no JSON object; is its folder a run's?")
    return content
