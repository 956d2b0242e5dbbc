"""Reading of the messages of a bag, which may be damaged or truncated."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import SourceError
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.sources.bags.bag_file import BagPath
from scenerep_ros.sources.bags.messages import MessageDeserializer
from scenerep_ros.sources.bags.pairing import StampedMessage
from scenerep_ros.sources.bags.stamps import StampRepair
from scenerep_ros.sources.folders.image_files import natural_key

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader
    from rosbags.interfaces import Connection

log = logging.getLogger(__name__)

STORAGE_SUFFIXES = {".mcap", ".db3"}


@dataclass(frozen=True)
class ReaderConstants:
    """Tuned constants of the reading of bags."""

    sample_count: int = tuned(
        30,
        "number of color messages from which the frame rate and the clock of the camera are estimated",
        set_on="one second of a camera at 30 Hz",
    )


CONSTANTS = ReaderConstants()


@contextmanager
def open_bag(path: Path) -> Iterator[AnyReader]:
    """Open a ROS 1 bag, a rosbag2 folder, or a storage file of a rosbag2.

    A folder without metadata, as a recorder that was killed leaves it, or whose metadata names other
    files, is read from its storage files.

    Raises:
        SourceError: if the bag is damaged, or the file is not a bag.
    """
    errors: list[str] = []
    for paths in _storage_candidates(path):
        with ExitStack() as stack:
            try:
                reader = _open(stack, paths)
            except Exception as error:  # damaged bytes can make rosbags raise any exception
                errors.append(str(error) or type(error).__name__)
                continue
            stack.callback(reader.close)
            yield reader
            return
    raise SourceError(
        f"bag {path}: cannot be read: {errors[0] if errors else 'it has no storage files'}; if it is "
        "truncated, recover its beginning with `rosbag reindex` (ROS 1), `ros2 bag reindex` or "
        "`mcap recover`"
    )


def storage_files(folder: Path) -> list[Path]:
    """Return the storage files of a folder in natural order."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in STORAGE_SUFFIXES]
    visible = [path for path in files if not path.name.startswith(".") and path.is_file()]
    return sorted(visible, key=lambda path: natural_key(path.name))


def is_bag_folder(path: Path) -> bool:
    """Return whether a folder is one rosbag2: with metadata, or the numbered files of one recording."""
    if (path / "metadata.yaml").is_file():
        return True
    files = storage_files(path)
    if len(files) < len("ab"):
        return bool(files)
    parts = [re.fullmatch(r"(.*?)_?(\d+)", file.stem) for file in files]
    prefixes = {part[1] for part in parts if part}
    numbers = [int(part[2]) for part in parts if part]
    return len(prefixes) == 1 and numbers == list(range(len(files)))


def _storage_candidates(path: Path) -> list[list[Path]]:
    """Return the lists of paths that rosbags may open, the best first."""
    if not path.is_dir():
        return [[path]]
    files = storage_files(path)
    candidates = [[path]] if (path / "metadata.yaml").is_file() else []
    return candidates + ([files] if files else [])


def _open(stack: ExitStack, paths: list[Path]) -> AnyReader:
    """Open paths by names from which rosbags recognizes the format."""
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    names = [BagPath(_lower_case_link(stack, path)) for path in paths]
    reader = AnyReader(names, default_typestore=get_typestore(Stores.LATEST))
    reader.open()
    return reader


def _lower_case_link(stack: ExitStack, path: Path) -> Path:
    """Return the path, or a temporary link to it if its suffix misleads rosbags."""
    is_folder_named_bag = path.is_dir() and path.suffix == ".bag"
    if path.suffix == path.suffix.lower() and not is_folder_named_bag:
        return path
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="scenerep-")))
    link = folder / ("bag" if path.is_dir() else f"bag{path.suffix.lower()}")
    link.symlink_to(path.resolve())
    return link


def read_messages(
    reader: AnyReader,
    color: str,
    depth: str | None,
    samples: Sequence[tuple[int, int]] = (),
) -> Iterator[StampedMessage]:
    """Yield the messages of two topics in the order of recording, up to the first damaged chunk.

    Args:
        reader: open bag.
        color: topic of color images.
        depth: topic of depth images, or None.
        samples: result of `sample_stamps`, by which wild stamps are recognized.
    """
    connections = [each for each in reader.connections if each.topic in (color, depth)]
    repairs = {topic: StampRepair(topic, samples) for topic in (color, depth) if topic}
    deserialize = MessageDeserializer(reader)
    try:
        for connection, time, data in reader.messages(connections):
            message = try_deserialize(deserialize, reader.paths[0], connection, data)
            stamp_ns = repairs[connection.topic](_stamp_ns(message), time)
            yield StampedMessage(stamp_ns, connection.topic == depth, message)
    except Exception as error:  # see open_bag
        log.warning("bag %s: damaged, the rest cannot be read: %s", reader.paths[0], error)


def sample_stamps(reader: AnyReader, topic: str) -> list[tuple[int, int]]:
    """Return stamp and time of recording of the first messages of a topic [ns]."""
    connections = [each for each in reader.connections if each.topic == topic]
    deserialize = MessageDeserializer(reader)
    samples = []
    try:
        for connection, time, data in islice(reader.messages(connections), CONSTANTS.sample_count):
            message = try_deserialize(deserialize, reader.paths[0], connection, data)
            samples.append((_stamp_ns(message), time))
    except Exception as error:  # see open_bag
        log.warning("bag %s: damaged, the rest cannot be read: %s", reader.paths[0], error)
    return samples


def first_calibration(reader: AnyReader, topic: str | None) -> Calibration | None:
    """Return the first calibration with focal lengths, else the last one; None without messages."""
    calibration = None
    if topic is None:
        return calibration
    for item in read_messages(reader, topic, None):
        if item.message is not None:
            calibration = Calibration.from_message(item.message)
            if calibration.is_calibrated:
                break
    return calibration


def try_deserialize(
    deserialize: MessageDeserializer, path: object, connection: Connection, data: bytes
) -> Any:
    """Deserialize a message; None, with a warning, if it is damaged."""
    try:
        return deserialize(connection, data)
    except Exception as error:  # see open_bag
        log.warning("bag %s: damaged message of %s: %s", path, connection.topic, error)
        return None


def _stamp_ns(message: Any) -> int:
    """Return the stamp of the header [ns]; 0 if the driver left it empty."""
    return 0 if message is None else message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
