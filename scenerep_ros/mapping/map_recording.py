"""Name of the recording from which a map was made, in its folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.sources.options import SourceOptions

RECORDING = "recording.json"


def write_map_recording(path: Path, options: SourceOptions, folder: Path) -> None:
    """Write the absolute path of a recording, and the options of opening it.

    Raises:
        ScenerepError: if the file cannot be written.
    """
    content = {"path": str(path.expanduser().resolve()), "options": asdict(options)}
    write_atomically(folder / RECORDING, (json.dumps(content, indent=1) + "\n").encode())


def read_map_recording(folder: Path) -> tuple[Path, SourceOptions]:
    """Return the path of a map's recording, and the options of opening it.

    Raises:
        SourceError: if the map names no recording, or the file is damaged.
    """
    path = folder / RECORDING
    if not path.is_file():
        raise SourceError(
            f"map {folder}: names no recording; make it from one with `scenerep map SOURCE --out DIR`"
        )
    try:
        content = json.loads(path.read_text())
        return Path(content["path"]), SourceOptions(**content["options"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: damaged ({error}); make the map again") from error
