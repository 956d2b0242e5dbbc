"""Recordings of `scenerep batch`: their listing, and the work on one of them."""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from scenerep_ros.cli import map as map_command
from scenerep_ros.cli import segment as segment_command
from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.filesystem.atomic import atomic_folder
from scenerep_ros.filesystem.results import REPORT_NAME
from scenerep_ros.mapping.map_files import OBJECTS, TRAJECTORY, is_map
from scenerep_ros.sources.bags.reader import STORAGE_SUFFIXES
from scenerep_ros.sources.formats.video import VIDEO_SUFFIXES
from scenerep_ros.sources.registry import list_recordings

TASKS = {"segment": segment_command.run, "map": map_command.map_recording}
"""Functions of the commands, which take their parsed arguments."""
LIST_SUFFIX = ".txt"
"""Suffix of a file that lists recordings."""
LOGS = "logs"
BUCKET_SUFFIXES = STORAGE_SUFFIXES | VIDEO_SUFFIXES | {".bag"}
"""Suffixes of the files of a bucket that are recordings."""
DONE, KEPT, FAILED = "done", "kept", "failed"


@dataclass(frozen=True)
class BatchJob:
    """One recording to process.

    Attributes:
        name: name of its folder of results.
        source: path or address of the recording.
        folder: folder of all results.
        task: name of a function of TASKS.
        arguments: parsed arguments of that function but source and folder.
    """

    name: str
    source: str
    folder: Path
    task: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Path:
        """Folder of the results."""
        return self.folder / self.name

    @property
    def log(self) -> Path:
        """File of everything that the task prints."""
        return self.folder / LOGS / f"{self.name}.log"

    @property
    def is_complete(self) -> bool:
        """True if the folder of the results is complete."""
        return (self.target / REPORT_NAME).is_file() or is_map(self.target)


@dataclass(frozen=True)
class BatchResult:
    """Result of one recording.

    Attributes:
        name: name of the folder of results.
        source: path or address of the recording.
        state: DONE, KEPT (complete before) or FAILED.
        frames: number of segmented or mapped frames.
        objects: objects of the map, or a frame.
        seconds: time of the work [s].
        reason: reason of the failure.
    """

    name: str
    source: str
    state: str
    frames: int = 0
    objects: float = 0.0
    seconds: float = 0.0
    reason: str = ""


def list_sources(names: Sequence[str]) -> list[str]:
    """List the recordings that the arguments name, each once, in their order.

    Args:
        names: recordings, folders of recordings, text files with a path a line, or addresses of a
            bucket.

    Raises:
        ConfigError: if there is none, or a list or bucket cannot be read.
    """
    sources = list(dict.fromkeys(source for name in names for source in _expand(name)))
    if not sources:
        raise ConfigError(f"{', '.join(names)}: names no recording")
    return sources


def _expand(name: str, lists: frozenset[Path] = frozenset()) -> Iterator[str]:
    """Yield the recordings of a name; `lists` are the text files that have led to it."""
    if "://" in name:
        yield from _list_bucket(name)
        return
    path = Path(name).expanduser()
    if path.suffix.lower() == LIST_SUFFIX and path.is_file():
        if path.resolve() in lists:
            raise ConfigError(f"{path}: names itself; remove that line")
        for line in _read_list(path):
            named = line if "://" in line else str(path.parent / line)
            yield from _expand(named, lists | {path.resolve()})
        return
    # A path with .. has the name of no folder; other links keep their names.
    is_relative = ".." in path.parts
    for recording in list_recordings(path.resolve() if is_relative else path):
        yield str(recording.absolute())


def _read_list(path: Path) -> list[str]:
    """Return the lines of a list without comments. Names that are not UTF-8 are kept as bytes.

    Raises:
        ConfigError: if it cannot be read.
    """
    try:
        lines = path.read_text("utf-8", "surrogateescape").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    stripped = (line.strip() for line in lines)
    return [line for line in stripped if line and not line.startswith("#")]


def _list_bucket(url: str) -> list[str]:
    """List the folders and the recordings below an address, or the address of one recording."""
    filesystem, path = _open_bucket(url)
    try:
        if PurePosixPath(path).suffix.lower() in BUCKET_SUFFIXES:
            return [url]
        entries = filesystem.ls(path, detail=True)
    except Exception as error:  # the clients of buckets raise any
        raise ConfigError(f"{url}: cannot be listed: {error}") from error
    names = [
        entry["name"]
        for entry in entries
        if entry["type"] == "directory"
        or PurePosixPath(entry["name"]).suffix.lower() in BUCKET_SUFFIXES
    ]
    return [filesystem.unstrip_protocol(name) for name in sorted(names)]


def _open_bucket(url: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it.

    Raises:
        ConfigError: if fsspec or the client of the bucket is missing.
    """
    try:
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise ConfigError(f"{url}: needs a client of the bucket: {error}") from error
    return filesystem, path


def process(job: BatchJob) -> BatchResult:
    """Process one recording; the results are written aside and renamed when they are complete."""
    start = time.monotonic()
    try:
        with _log_to(job.log), ExitStack() as stack:
            source = stack.enter_context(_local_copy(job.source))
            folder = stack.enter_context(atomic_folder(job.target, lambda _: False))
            _run(job, source, folder)
    except ScenerepError as error:
        reason = str(error)
    except Exception as error:  # one recording must not stop the others
        with job.log.open("a") as file:
            traceback.print_exc(file=file)
        reason = f"{type(error).__name__}: {error}; see {job.log}"
    else:
        return describe(job, DONE, time.monotonic() - start)
    seconds = round(time.monotonic() - start, 1)
    return BatchResult(job.name, job.source, FAILED, seconds=seconds, reason=reason)


def _run(job: BatchJob, source: Path, folder: Path) -> None:
    arguments = {"overwrite": True, "rerun": None} | dict(job.arguments)
    namespace = argparse.Namespace(**arguments, source=str(source), out=folder)
    if TASKS[job.task](namespace):
        raise ScenerepError(f"{job.source}: holds several recordings; see {job.log}")


def describe(job: BatchJob, state: str, seconds: float = 0.0) -> BatchResult:
    """Return the result of a recording whose folder is complete."""
    if (report_file := job.target / REPORT_NAME).is_file():
        report = json.loads(report_file.read_text())
        frames, objects = report["frames"]["segmented"], report["objects_per_frame"]
    else:
        objects = len(json.loads((job.target / OBJECTS).read_text())["objects"])
        lines = (job.target / TRAJECTORY).read_text().splitlines()
        frames = sum(not line.startswith("#") for line in lines)
    return BatchResult(job.name, job.source, state, frames, objects, round(seconds, 1))


@contextmanager
def _local_copy(source: str) -> Iterator[Path]:
    """Yield the path of a recording; that of a bucket is copied into a temporary folder."""
    if "://" not in source:
        yield Path(source)
        return
    filesystem, path = _open_bucket(source)
    with tempfile.TemporaryDirectory(prefix="scenerep-") as temporary:
        local = Path(temporary) / PurePosixPath(path).name
        try:
            filesystem.get(path, str(local), recursive=True)
        except Exception as error:  # the clients of buckets raise any
            raise ScenerepError(f"{source}: cannot be copied: {error}") from error
        yield local


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Write everything that the body prints and logs to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("w", errors="backslashreplace") as file,
        redirect_stdout(file),
        redirect_stderr(file),
    ):
        handler = logging.StreamHandler(file)
        logger = logging.getLogger()
        level, propagating = logger.level, logger.handlers
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.handlers = propagating
            logger.setLevel(level)
