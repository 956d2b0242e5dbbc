"""Folder of a training or evaluation run: its settings, and JSON files in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.filesystem.settings import differing_settings

STEPS = "max_steps"
"""Name of the only option that may rise when a run is resumed."""
SETTINGS_NAME = "settings.json"
COMMAND = "command"
"""Name of the only setting that may differ when a run is resumed."""


def claim_run_folder(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a run into its folder, or compare them with those of a resumed run.

    Raises:
        ConfigError: if the folder holds a run with other settings.
    """
    check_run_folder(folder, settings)
    path = folder / SETTINGS_NAME
    if not path.exists():
        write_atomically(path, to_json(settings).encode())


def check_run_folder(folder: Path, settings: Mapping[str, Any]) -> None:
    """Compare the settings of a run with those in its folder, if there are some.

    Raises:
        ConfigError: if the folder holds a run with other settings.
    """
    path = folder / SETTINGS_NAME
    if not path.exists():
        return
    requested = json.loads(to_json(settings))
    differing = differing_settings(read_json(path), requested, ignored=(COMMAND,))
    if differing:
        raise ConfigError(
            f"run folder {folder}: holds a run with other settings ({', '.join(differing)}; see "
            f"{path}); name another folder, or remove it"
        )


def lengthen_run(folder: Path, settings: Mapping[str, Any]) -> None:
    """Raise the number of steps in the settings of a run, if a run differs by more steps alone."""
    path = folder / SETTINGS_NAME
    if not path.exists():
        return
    stored, requested = read_json(path), json.loads(to_json(settings))
    options = stored.get("options", {})
    steps = requested.get("options", {}).get(STEPS, 0)
    if steps <= options.get(STEPS, steps):
        return
    lengthened = stored | {"options": options | {STEPS: steps}, COMMAND: requested.get(COMMAND)}
    if lengthened == requested:
        write_atomically(path, to_json(requested).encode())


def to_json(value: Any, indent: int | None = 2) -> str:
    r"""Return standard JSON with a final newline; numbers that are not finite become null.

    >>> to_json({"loss": float("nan")}, indent=None)
    '{"loss": null}\n'
    """
    return json.dumps(_replace_non_finite(value), indent=indent, allow_nan=False) + "\n"


def _replace_non_finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _replace_non_finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_non_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of a run folder.

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
