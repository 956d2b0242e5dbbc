"""Unpacking of recordings without fast random access into the cache.

Several processes draw pairs at random. A video or bag is decoded from its start: a frame of one of
150 frames takes 60 ms, a frame of its unpacked copy 2 ms. PNG decodes slowly: a color image of
640x480 takes 5.9 ms, as JPEG 1.9 ms.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_error
from scenerep_ros.filesystem.cache import cache_folder
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource
from scenerep_training.data.unpacked import UnpackedRecording, write_recording

log = logging.getLogger(__name__)

LAYOUT_VERSION = 1
"""Version of the unpacked format; copies of another version are ignored."""
FAST_SUFFIXES = {".jpg", ".jpeg"}
"""Suffixes of color images that need no unpacking."""


def with_random_access(source: Source, path: Path) -> FileSource:
    """Return a recording with fast random access that pickles: the recording itself or its copy.

    Args:
        source: recording.
        path: file or folder of the recording, which identifies its copy in the cache together with
            the sizes and modification times of its files.

    Raises:
        SourceError: if no frame can be read, or the cache cannot be written to.
    """
    if has_random_access(source):
        return source
    folder = cache_folder() / "recordings" / f"{path.stem}-{fingerprint(path)}"
    if not folder.is_dir():
        log.info("%s: unpacking %d frames to %s, once", path, len(source), folder)
        with _atomic_folder(folder) as temporary:
            write_recording(source, temporary)
    return UnpackedRecording(folder, source.is_continuous)


def has_random_access(source: Source) -> TypeGuard[FileSource]:
    """Return whether the color images of a recording are JPEG files."""
    return isinstance(source, FileSource) and source.color_path(0).suffix.lower() in FAST_SUFFIXES


def fingerprint(path: Path) -> str:
    """Return a hash of a recording's path and of the sizes and modification times of its files."""
    path = path.resolve()
    files = sorted(filter(Path.is_file, path.rglob("*"))) if path.is_dir() else [path]
    stats = [(file.as_posix(), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr((LAYOUT_VERSION, path.as_posix(), stats)).encode()).hexdigest()[:16]


@contextmanager
def _atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder; rename it on success, unless another process was faster.

    Raises:
        SourceError: if it cannot be written to.
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
            f"{write_error(folder, error)}, or set SCENEREP_CACHE to another folder"
        ) from error
