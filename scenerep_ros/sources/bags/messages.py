"""Deserialization of the messages of a camera, whose definitions a bag contains."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from scenerep_ros.errors import SourceError

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader
    from rosbags.interfaces import Connection
    from rosbags.typesys.store import Typestore

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
PARTS = {
    IMAGE: (),
    COMPRESSED: (),
    CAMERA_INFO: ("sensor_msgs/msg/RegionOfInterest",),
}
"""Types of the messages of a camera, and of their fields other than the header."""
HEADER_TYPES = ("std_msgs/msg/Header", "builtin_interfaces/msg/Time")


class MessageDeserializer:
    """Deserializes the messages of a bag, whose definitions it checks once for each type.

    Args:
        reader: open bag.
    """

    def __init__(self, reader: AnyReader) -> None:
        self._reader = reader
        self._damaged: dict[str, str] = {}

    def __call__(self, connection: Connection, data: bytes) -> Any:
        """Deserialize a message.

        Raises:
            SourceError: if the bag defines a message of a camera differently, because it is damaged.
            Exception: of any type, if the message is damaged.
        """
        kind = connection.msgtype
        if kind not in self._damaged:
            self._damaged[kind] = _damaged_type(self._reader.typestore, kind)
        if self._damaged[kind]:
            raise SourceError(f"the definition of {self._damaged[kind]} in the bag is damaged")
        return self._reader.deserialize(data, kind)


def _damaged_type(typestore: Typestore, kind: str) -> str:
    """Return which type that a message of a camera needs is defined differently; "" for none."""
    names = (kind, *PARTS[kind], *HEADER_TYPES) if kind in PARTS else ()
    damaged = (name for name in names if not _standard_fields(name) <= _fields(typestore, name))
    return next(damaged, "")


@cache
def _standard_fields(name: str) -> frozenset[tuple[str, str]]:
    """Return names and types of the fields that a type has in every distribution."""
    from rosbags.typesys import Stores, get_typestore

    return _fields(get_typestore(Stores.LATEST), name)


def _fields(typestore: Typestore, name: str) -> frozenset[tuple[str, str]]:
    """Return names and types of fields; ROS 1 names the matrices of a camera D, K, R and P."""
    _, fields = typestore.fielddefs.get(name, ([], []))
    return frozenset(
        (field.lower() if len(field) == 1 else field, str(kind)) for field, kind in fields
    )
