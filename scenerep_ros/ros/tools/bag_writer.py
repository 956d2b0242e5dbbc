"""Writing of a compressed bag of which a killed process leaves a readable part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from rclpy.serialization import serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from scenerep_ros.filesystem.atomic import write_error

BAG_VERSION: Final = 9
"""Version of metadata.yaml; rosbags writes no later one."""


class BagWriter:
    """Writes messages to a compressed bag; `write` and `flush` may be called in different threads.

    Args:
        folder: folder of the bag, which must not exist.
        name: folder that an error names; None: the same.

    Raises:
        ScenerepError: if the folder cannot be written to, as in all methods.
    """

    def __init__(self, folder: Path, name: Path | None = None) -> None:
        self._folder, self._name = folder, name or folder
        self._writer = Writer(folder, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        with self._named_errors():
            self._writer.open()
        self._typestore = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Any] = {}
        self._lock = Lock()

    def write(self, topic: str, message: Any, stamp_ns: int) -> None:
        """Write a message of any type of sensor_msgs or tf2_msgs."""
        with self._named_errors(), self._lock:
            if topic not in self._connections:
                name = f"{type(message).__module__.partition('.')[0]}/msg/{type(message).__name__}"
                self._connections[topic] = self._writer.add_connection(
                    topic, name, typestore=self._typestore
                )
            self._writer.write(self._connections[topic], stamp_ns, serialize_message(message))

    def flush(self) -> None:
        """Wait until all messages so far are on the disk."""
        storage: Any = self._writer.storage
        with self._named_errors():
            with self._lock:
                if storage.chunk.msgs:
                    storage.close_chunk()
                storage.bio.flush()
            os.fsync(storage.bio.fileno())  # without the lock, as it may take seconds

    @property
    def megabytes(self) -> float:
        """Size of the files so far [MB]; the last chunk is not written yet."""
        return sum(path.stat().st_size for path in self._folder.iterdir()) / 1e6

    def close(self) -> None:
        """Complete the bag."""
        with self._named_errors():
            self._writer.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_error(self._name, error) from error
