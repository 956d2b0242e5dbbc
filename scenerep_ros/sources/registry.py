"""Registry of the source formats, and the detection of a recording's format."""

from __future__ import annotations

import logging
from pathlib import Path

from scenerep_ros.config.registry import Registry
from scenerep_ros.errors import SourceError
from scenerep_ros.sources.base import Source, SourceFormat
from scenerep_ros.sources.folders.image_files import natural_key
from scenerep_ros.sources.options import DEFAULTS, SourceOptions

log = logging.getLogger(__name__)

SOURCES: Registry[SourceFormat] = Registry(
    "source", package="scenerep_ros.sources.formats", group="scenerep_ros.sources"
)

MAX_LISTED_NAMES = 8
"""Number of file names that an error message lists."""


def open_source(path: Path | str, options: SourceOptions = DEFAULTS) -> Source:
    """Open a recording in the first format that matches its path.

    Args:
        path: file or folder in one of the registered formats.
        options: choices that the recording leaves open, such as the camera of a bag.

    Raises:
        SourceError: if the path does not exist, cannot be read, matches no format, or is damaged.
    """
    try:
        path = recording_path(path)
        if not path.exists():
            raise SourceError(f"source {path}: {_describe_missing(path)}; check the path")
        source_format = _detect_format(path)
        recordings = [] if source_format else list_recordings(path)
    except (OSError, RuntimeError) as error:  # of the file system, or of an unknown user's home
        raise SourceError(
            f"source {path}: cannot be read: {error}; check the path and its permissions"
        ) from None
    if len(recordings) == 1 and recordings != [path]:  # the folder of one recording
        return open_source(recordings[0], options)
    if source_format is None:
        raise SourceError(
            f"source {path}: {_describe(path)}; expected one of: {_expected_formats()}"
        )
    return source_format(path) if options == DEFAULTS else source_format.open(path, options)


def recording_path(text: Path | str) -> Path:
    """Return the path that a user has named; `~` is the home folder.

    Raises:
        SourceError: if the text is empty, as that of an unset variable of a shell: the path would be
            the current folder.
        RuntimeError: if the home folder is unknown.
    """
    if not str(text):
        raise SourceError("source '': is an empty name; is a variable of the shell unset?")
    return Path(text).expanduser()


def list_recordings(path: Path) -> list[Path]:
    """Return the recordings of a folder, sorted; the path itself if it is one, or holds none."""
    if not path.is_dir() or is_recording(path):
        return [path]
    children = sorted(path.iterdir(), key=lambda child: natural_key(child.name))
    visible = (child for child in children if not child.name.startswith("."))
    return [child for child in visible if _is_readable_recording(child)] or [path]


def is_recording(path: Path) -> bool:
    """Return whether a path matches a registered format; the recording may still be damaged."""
    return _detect_format(path) is not None


def _is_readable_recording(path: Path) -> bool:
    """Return whether an entry of a folder is a recording; log one that must not be read.

    A disk has such an entry beside its recordings: the folder lost+found.
    """
    try:
        return is_recording(path)
    except PermissionError as error:
        log.warning("%s: left out: %s", path, error.strerror)
        return False


def formats_by_priority() -> list[SourceFormat]:
    """Return the registered formats in the order in which they are tested."""
    formats = [source_format for _, source_format in SOURCES.items()]
    return sorted(formats, key=lambda item: item.detection_priority, reverse=True)


def _detect_format(path: Path) -> SourceFormat | None:
    return next((item for item in formats_by_priority() if item.matches(path)), None)


def _expected_formats() -> str:
    return "; ".join(item.format_description for item in formats_by_priority())


def _describe_missing(path: Path) -> str:
    if path.is_symlink():
        return f"is a link to {path.readlink()}, which does not exist"
    return "does not exist" if path.is_absolute() else f"does not exist in {Path.cwd()}"


def _describe(path: Path) -> str:
    if path.is_file():
        return "is a file of unknown format"
    recordings = list_recordings(path)
    if recordings != [path]:
        listed = ", ".join(item.name for item in recordings[:MAX_LISTED_NAMES])
        return f"holds {len(recordings)} recordings: {listed}; name one of them"
    names = sorted(child.name for child in path.iterdir())
    if not names:
        return "is an empty folder"
    return f"contains {', '.join(names[:MAX_LISTED_NAMES])}, which match no known format"
