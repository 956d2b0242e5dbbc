"""Which recordings are unpacked into the cache, once, and when an unpacked one is used again.

Pairs are drawn at random, from several processes. A video or bag can only be read from its start: a
frame of one of 150 frames takes 60 ms, against 2 ms of its unpacked copy. And PNG takes long to
decode: 5.9 ms a colour image of 640x480, against 1.9 ms as JPEG.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.cache import cache_folder
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource
from scenerep_training.data.unpacked import UnpackedRecording, write_recording

log = logging.getLogger(__name__)

VERSION = 1
"""Of the unpacked layout: what another version has unpacked is not used."""
QUICK_SUFFIXES = {".jpg", ".jpeg"}


def quick_source(source: Source, path: Path) -> FileSource:
    """Return a source that can be read in any order, fast, and pickles: itself, or its copy.

    Args:
        source: the recording.
        path: its file or folder, by which the cache knows the copy: with another size or time of
            change it is another recording.

    Raises:
        SourceError: if no frame can be read, or the cache cannot be written to.
    """
    if isinstance(source, FileSource) and source.color_path(0).suffix.lower() in QUICK_SUFFIXES:
        return source
    folder = cache_folder() / "recordings" / f"{path.stem}-{fingerprint(path)}"
    if not folder.is_dir():
        log.info("%s: unpacking %d frames to %s, once", path, len(source), folder)
        with _aside(folder) as temporary:
            write_recording(source, temporary)
    return UnpackedRecording(folder)


def fingerprint(path: Path) -> str:
    """Tell a recording by its path, and the sizes and times of change of its files."""
    path = path.resolve()
    files = sorted(filter(Path.is_file, path.rglob("*"))) if path.is_dir() else [path]
    stats = [(file.as_posix(), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr((VERSION, path.as_posix(), stats)).encode()).hexdigest()[:16]


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Give a folder to fill; rename it when the body ends well, unless another process was first.

    Raises:
        SourceError: if it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            yield temporary
            if not folder.is_dir():
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise SourceError(
            f"cannot unpack into {folder}: {error}; is the disk full? SCENEREP_CACHE names another "
            "folder"
        ) from error
