"""The command `scenerep-train shards`: the frames of recordings in shards for fast random access."""

from __future__ import annotations

import glob
import hashlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field
from tqdm import tqdm

from scenerep_ros.config.options import OptionGroup
from scenerep_ros.errors import ConfigError, ScenerepError, SourceError
from scenerep_ros.filesystem.atomic import (
    atomic_folder,
    write_atomically,
    write_error,
)
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource
from scenerep_ros.sources.frame_names import safe_name
from scenerep_ros.sources.registry import open_source
from scenerep_training.data.odometry import with_odometry
from scenerep_training.data.recordings import has_pairs, open_davis
from scenerep_training.data.unpacked import UnpackedRecording, write_recording
from scenerep_training.data.unpacking import fingerprint, has_random_access
from scenerep_training.datasets.co3d import co3d_categories, list_co3d_sequences
from scenerep_training.datasets.davis import is_davis
from scenerep_training.datasets.encoded_images import is_encoded
from scenerep_training.datasets.recordings import recording_paths
from scenerep_training.datasets.shards.downloads import import_litdata
from scenerep_training.datasets.shards.index import INDEX_NAME, RECORDINGS
from scenerep_training.datasets.shards.recordings import encode_frame
from scenerep_training.datasets.shards.storage import write_chunks

log = logging.getLogger(__name__)

ENTRY = "recording"
"""Key of the recording in the index of its own folder."""
UNPACKED_PREFIX = ".scenerep-unpacked."


class ShardOptions(OptionGroup):
    """Options of `shards`."""

    chunk_mb: int = Field(64, ge=1, le=2000, description="Size of a chunk of frames [MB].")
    odometry: bool = Field(
        False,
        description="Estimate camera poses of RGB-D recordings without poses (50 ms per frame, with "
        "Open3D).",
    )


@dataclass(frozen=True)
class ShardJob:
    """One recording to write.

    Attributes:
        path: file or folder of the recording, or of the data set that it is part of.
        name: name of the recording.
        version: hash of its path and files; a recording that changes is written again.
        open: function that opens it.
    """

    path: Path
    name: str
    version: str
    open: Callable[[], Source]

    @property
    def folder_name(self) -> str:
        """Name of the folder of its chunks."""
        return f"{safe_name(self.name)}-{self.version}"


def write_shards(paths: Sequence[Path], folder: Path, options: ShardOptions) -> str:
    """Write recordings to shards, each atomically; those that are complete are kept.

    Recordings that the folder holds already stay in it, before the new ones. Training sees the new
    ones at the end of the command, when the index is replaced.

    Returns:
        A message for the user.

    Raises:
        ConfigError: if LitData is not installed, or a path holds no recordings.
        ScenerepError: if the disk is full, or if recordings failed, after all others are written.
    """
    import_litdata()
    jobs = list({job.folder_name: job for path in paths for job in list_jobs(path)}.values())
    _remove_unfinished(folder, jobs)
    failures: dict[Path, str] = {}
    for job in tqdm(jobs, "shards", unit="recording"):
        if (folder / job.folder_name).is_dir():
            continue
        try:
            _write_recording(job, folder, options)
        except SourceError as error:
            log.error("left out: %s", error)
            failures[job.path] = str(error)
    written = [job for job in jobs if (folder / job.folder_name).is_dir()]
    if not written:
        raise SourceError(f"none of {len(jobs)} recordings can be read; {_first(failures)}")
    frames = _write_index(folder, written)
    if failures:
        raise SourceError(
            f"{len(failures)} of {len(jobs)} recordings are left out of {folder}; {_first(failures)}"
        )
    return f"{frames} frames of {len(written)} recordings in {folder}"


def list_jobs(path: Path) -> list[ShardJob]:
    """List the recordings of a path, as `open_recordings` opens them.

    Raises:
        ConfigError: if it holds encoded images.
    """
    path = path.expanduser()
    if is_encoded(path):
        raise ConfigError(f"{path}: holds encoded images, which are in shards already")
    if categories := co3d_categories(path):
        sequences = [each for category in categories for each in list_co3d_sequences(category)]
        return [_sequence_job(path, sequence) for sequence in sequences]
    if is_davis(path):
        return [_sequence_job(path, sequence) for sequence in open_davis(path)]
    return [_recording_job(child) for child in recording_paths(path)]


def _sequence_job(path: Path, sequence: Source) -> ShardJob:
    version = hashlib.sha256(f"{path.resolve()}/{sequence.name}".encode()).hexdigest()[:16]
    return ShardJob(path / sequence.name, sequence.name, version, lambda: sequence)


def _recording_job(path: Path) -> ShardJob:
    if not path.exists():
        raise SourceError(f"source {path}: does not exist")
    return ShardJob(path, path.resolve().stem, fingerprint(path), lambda: open_source(path))


def _write_recording(job: ShardJob, folder: Path, options: ShardOptions) -> None:
    """Write the chunks of one recording into its folder.

    Raises:
        SourceError: if no frame can be read.
        ScenerepError: if the disk is full.
    """
    target = folder / job.folder_name
    try:
        with (
            atomic_folder(target, lambda _: False) as temporary,
            _with_random_access(job.open(), folder) as unpacked,
        ):
            source = with_odometry(unpacked, job.path) if options.odometry else unpacked
            _write_frames(source, temporary, options)
            entry = {
                "folder": job.folder_name,
                "path": str(job.path.resolve()),
                "name": source.name,
                "rate": source.rate,
                "frames": len(source),
                "has_pairs": has_pairs(source),
            }
            index = json.loads((temporary / INDEX_NAME).read_text())
            (temporary / INDEX_NAME).write_text(json.dumps(index | {ENTRY: entry}))
    except OSError as error:
        raise write_error(target, error) from error


def _write_frames(source: FileSource, folder: Path, options: ShardOptions) -> None:
    writer = write_chunks(folder, options.chunk_mb)
    for index in tqdm(range(len(source)), source.name, unit="frame", leave=False, delay=1):
        writer.add_item(index, encode_frame(source, index))
    if len(source.skipped) == len(source):
        raise SourceError(f"{source.format_name} {source.name}: none of its frames can be read")
    writer.done()
    writer.merge()


@contextmanager
def _with_random_access(source: Source, folder: Path) -> Iterator[FileSource]:
    """Yield the recording itself, or a copy that is removed at the end."""
    if has_random_access(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix=UNPACKED_PREFIX, dir=folder) as temporary:
        write_recording(source, Path(temporary))
        yield UnpackedRecording(Path(temporary), source.is_continuous)


def _write_index(folder: Path, jobs: Sequence[ShardJob]) -> int:
    """Replace the index by one of all recordings; return their number of frames."""
    parts = {}
    for name in [*_indexed_folders(folder), *(job.folder_name for job in jobs)]:
        part = json.loads((folder / name / INDEX_NAME).read_text())
        parts[part[ENTRY]["path"]] = part  # a recording that has changed replaces the old one
    chunks = [
        chunk | {"filename": f"{part[ENTRY]['folder']}/{chunk['filename']}"}
        for part in parts.values()
        for chunk in part["chunks"]
    ]
    index = {
        "chunks": chunks,
        "config": next(iter(parts.values()))["config"],
        RECORDINGS: [part[ENTRY] for part in parts.values()],
        "updated_at": str(time.time()),
    }
    write_atomically(folder / INDEX_NAME, json.dumps(index).encode())
    return sum(part[ENTRY]["frames"] for part in parts.values())


def _indexed_folders(folder: Path) -> list[str]:
    """Return the folders of the recordings in the index, if there is one, that still exist."""
    path = folder / INDEX_NAME
    if not path.is_file():
        return []
    try:
        entries: list[dict[str, Any]] = json.loads(path.read_bytes())[RECORDINGS]
    except (ValueError, KeyError) as error:
        raise ScenerepError(
            f"{path}: is no index of shards ({error}); name another folder"
        ) from None
    return [entry["folder"] for entry in entries if (folder / entry["folder"]).is_dir()]


def _remove_unfinished(folder: Path, jobs: Sequence[ShardJob]) -> None:
    """Remove what a killed command left behind."""
    _indexed_folders(folder)  # a folder of other files is refused before anything is removed
    for name in (UNPACKED_PREFIX, *(f".{job.folder_name}." for job in jobs)):
        for path in folder.glob(f"{glob.escape(name)}*"):
            shutil.rmtree(path, ignore_errors=True)


def _first(failures: dict[Path, str]) -> str:
    return f"the first: {next(iter(failures.values()))}"
