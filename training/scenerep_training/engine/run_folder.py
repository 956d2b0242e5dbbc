"""The folder of a run, of training or of evaluation: whose it is, and JSON in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically

COMMAND = "command"
"""The one setting that may differ when a run is resumed."""


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Mark the folder with the run's settings, or check that it is this run's.

    Raises:
        ConfigError: if it holds a run with other settings.
    """
    path = folder / "settings.json"
    if not path.exists():
        write_atomically(path, json_text(settings).encode())
        return
    found, asked = read_json(path), json.loads(json_text(settings))
    names = dict.fromkeys([*asked, *found])
    differing = [name for name in names if asked.get(name) != found.get(name) and name != COMMAND]
    if differing:
        raise ConfigError(
            f"run folder {folder}: holds a run with other settings ({', '.join(differing)}; see "
            f"{path}); name another folder, or remove it"
        )


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
