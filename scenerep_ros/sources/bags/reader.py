"""Reading of the messages of a bag, which may be damaged or truncated."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenerep_ros.errors import SourceError
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.sources.bags.pairing import StampedMessage

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader
    from rosbags.interfaces import Connection

log = logging.getLogger(__name__)


@contextmanager
def open_bag(paths: list[Path]) -> Iterator[AnyReader]:
    """Open a ROS 1 bag, a rosbag2 folder, or the storage files of a rosbag2 without metadata.

    Raises:
        SourceError: if the bag is damaged, or the file is not a bag.
    """
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    try:
        reader = AnyReader(paths, default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except Exception as error:  # damaged bytes can make rosbags raise any exception
        raise SourceError(
            f"bag {paths[0]}: cannot be read: {error}; if it is truncated, recover its beginning "
            "with `rosbag reindex` (ROS 1), `ros2 bag reindex` or `mcap recover`"
        ) from None
    try:
        yield reader
    finally:
        reader.close()


def read_messages(reader: AnyReader, color: str, depth: str | None) -> Iterator[StampedMessage]:
    """Yield the messages of two topics in the order of recording, up to the first damaged chunk."""
    connections = [each for each in reader.connections if each.topic in (color, depth)]
    try:
        for connection, time, data in reader.messages(connections):
            message = _deserialize(reader, connection, data)
            yield StampedMessage(_stamp_ns(message) or time, connection.topic == depth, message)
    except Exception as error:  # see open_bag
        log.warning("bag %s: damaged, the rest cannot be read: %s", reader.paths[0], error)


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


def _deserialize(reader: AnyReader, connection: Connection, data: bytes) -> Any:
    try:
        return reader.deserialize(data, connection.msgtype)
    except Exception as error:  # see open_bag
        log.warning("bag %s: damaged message of %s: %s", reader.paths[0], connection.topic, error)
        return None


def _stamp_ns(message: Any) -> int:
    """Return the stamp of the header [ns]; 0 if the driver left it empty."""
    return 0 if message is None else message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
