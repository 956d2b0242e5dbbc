"""Recordings of a training run, and their sampling probabilities."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scenerep_ros.errors import ConfigError, FrameError, SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.mapping.map_files import is_map
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.registry import open_source
from scenerep_training.data.continuity import is_video
from scenerep_training.data.mapped import MappedRecording
from scenerep_training.data.odometry import with_odometry
from scenerep_training.data.unpacking import with_random_access
from scenerep_training.datasets.co3d import co3d_categories, list_co3d_sequences
from scenerep_training.datasets.davis import DavisSequence, is_davis
from scenerep_training.datasets.encoded_images import EncodedImages, is_encoded
from scenerep_training.datasets.recordings import recording_paths
from scenerep_training.datasets.shards.recordings import open_shards
from scenerep_training.datasets.shards.storage import find_storage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recordings:
    """Sequences of frames with the probabilities of being sampled.

    Attributes:
        sources: sequences that support random access and pickle, for the loader's workers.
        probabilities: probability that a pair is drawn from each source; their sum is 1.
        has_pairs: whether neighbors in each source show one scene; unrelated images have no pairs.
    """

    sources: tuple[Source, ...]
    probabilities: tuple[float, ...]
    has_pairs: tuple[bool, ...]

    def color_frames(self) -> Iterator[RGBDFrame]:
        """Yield every readable frame without its depth; the others are logged."""
        for source in self.sources:
            for index in range(len(source)):
                try:
                    yield source.color_frame(index)
                except FrameError as error:
                    source.skip(source.frame_name(index), str(error))


def open_recordings(
    paths: Sequence[Path], weights: Sequence[float] | None = None, odometry: bool = False
) -> Recordings:
    """Open all recordings of a run.

    Recordings without fast random access are unpacked into the cache, once (see `unpacking`).

    Args:
        paths: recordings in any format of the runtime, CO3D or one of its categories, DAVIS,
            folders of recordings, or shards in a folder or at an address.
        weights: relative number of pairs from each path. The sequences of a path share it by their
            number of frames. Without weights, all sequences share by their number of frames.
        odometry: estimate poses of RGB-D recordings without poses (see `odometry`).

    Raises:
        ConfigError: if there are no paths, the weights are invalid, or Open3D is missing.
        SourceError: if a path has an unknown format or is damaged.
    """
    if not paths:
        raise ConfigError("no recordings to train on; name at least one")
    groups = [_open_path(Path(path).expanduser(), odometry) for path in paths]
    lengths = [sum(map(len, group)) for group in groups]
    weights = lengths if weights is None else weights
    _check_weights(len(paths), weights)
    probabilities = [
        weight / sum(weights) * len(source) / length
        for group, length, weight in zip(groups, lengths, weights, strict=True)
        for source in group
    ]
    sources = tuple(source for group in groups for source in group)
    return Recordings(sources, tuple(probabilities), tuple(map(has_pairs, sources)))


def thin(recordings: Recordings, max_frames: int) -> Recordings:
    """Take every n-th frame of all recordings, such that at most about `max_frames` remain; 0 takes all."""
    total = sum(map(len, recordings.sources))
    if not 0 < max_frames < total:
        return recordings
    step = math.ceil(total / max_frames)
    sources = tuple(source.part(0, len(source), step) for source in recordings.sources)
    return replace(recordings, sources=sources)


def has_pairs(source: Source) -> bool:
    """Return whether neighbors show one scene; they are compared where the format leaves it open."""
    if source.is_continuous is not None:
        return source.is_continuous
    if is_video(source):
        return True
    log.warning(
        "%s: its neighbors show different scenes; each frame is paired with itself", source.name
    )
    return False


def _check_weights(count: int, weights: Sequence[float]) -> None:
    if len(weights) != count:
        raise ConfigError(f"{len(weights)} weights for {count} recordings; give one for each")
    if not all(0 < weight < math.inf for weight in weights):
        raise ConfigError(f"weights {list(weights)}: each must be positive and finite")


def _open_path(path: Path, odometry: bool) -> list[Source]:
    """Open the sequences of one path."""
    if storage := find_storage(path):
        return open_shards(storage, odometry)
    for is_format, open_format in ((is_encoded, EncodedImages), (is_map, MappedRecording)):
        if is_format(path):
            return [open_format(path)]
    if categories := co3d_categories(path):
        return [sequence for category in categories for sequence in list_co3d_sequences(category)]
    if is_davis(path):
        return open_davis(path)
    children = recording_paths(path)
    if children == [path]:
        return [_open_recording(path, odometry)]
    return _open_folder(path, children, odometry)


def open_davis(path: Path) -> list[Source]:
    """Open all sequences with images; val.txt of DAVIS 2017 lists those for validation only."""
    folders = sorted(
        folder for folder in (path / "JPEGImages" / "480p").iterdir() if folder.is_dir()
    )
    masks = path / "Annotations" / "480p"
    return [DavisSequence(folder, masks / folder.name) for folder in folders]


def _open_folder(folder: Path, paths: list[Path], odometry: bool) -> list[Source]:
    """Open the recordings of a folder; damaged ones are logged and left out, unless all are."""
    sources: list[Source] = []
    for path in paths:
        try:
            sources.append(_open_recording(path, odometry))
        except SourceError as error:
            log.warning("left out: %s", error)
    if not sources:
        raise SourceError(f"{folder}: none of its {len(paths)} recordings can be opened")
    return sources


def _open_recording(path: Path, odometry: bool) -> Source:
    source = with_random_access(open_source(path), path)
    return with_odometry(source, path) if odometry else source
