"""Camera poses of a bag from its topics /tf and /tf_static."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.mapping.poses.transform_tree import TransformTree
from scenerep_ros.sources import Source
from scenerep_ros.sources.bags.messages import MessageDeserializer
from scenerep_ros.sources.bags.reader import open_bag, try_deserialize
from scenerep_ros.sources.formats.bag import Ros1Bag, Rosbag2

log = logging.getLogger(__name__)

TYPES = ("tf2_msgs/msg/TFMessage", "tf/msg/tfMessage")
"""Types of the messages in ROS 2 and ROS 1."""
STATIC_ENDING = "tf_static"


def read_transforms(path: Path) -> TransformTree | None:
    """Read all transforms of a bag; None if it has none.

    A damaged message is left out, and a truncated bag is read to its last whole message.

    Raises:
        SourceError: if the bag cannot be opened.
    """
    tree, count = TransformTree(), 0
    with open_bag(path) as reader:
        connections = [item for item in reader.connections if item.msgtype in TYPES]
        if not connections:
            return None
        deserialize = MessageDeserializer(reader)
        try:
            for connection, _, data in reader.messages(connections):
                is_static = connection.topic.endswith(STATIC_ENDING)
                message = try_deserialize(deserialize, path, connection, data)
                for item in message.transforms if message is not None else ():
                    _add(tree, item, is_static)
                    count += 1
        except Exception as error:  # damaged bytes can make rosbags raise any exception
            log.warning("bag %s: damaged, later transforms cannot be read: %s", path, error)
    return tree if count else None


class PosedBag:
    """Frames of a bag with the poses of its transforms; iterable several times.

    Args:
        source: the bag.
        tree: its transforms.
    """

    def __init__(self, source: Source, tree: TransformTree) -> None:
        self._source, self._tree = source, tree

    def __iter__(self) -> Iterator[RGBDFrame]:
        for frame in self._source:
            pose = self._tree.pose(frame.frame_id, frame.stamp_ns)
            yield frame if pose is None else replace(frame, pose=pose)


def with_transforms(source: Source) -> Iterable[RGBDFrame]:
    """Return the frames of a source, with the poses of its transforms if it is a bag with any.

    The world is the root of the chain of frames above the camera: map, odom or another one.

    Raises:
        SourceError: if the bag cannot be opened.
    """
    if not isinstance(source, Ros1Bag | Rosbag2):
        return source
    tree = read_transforms(source.path)
    return source if tree is None else PosedBag(source, tree)


def _add(tree: TransformTree, message: Any, is_static: bool) -> None:
    translation, rotation = message.transform.translation, message.transform.rotation
    stamp = message.header.stamp
    tree.add(
        message.header.frame_id,
        message.child_frame_id,
        stamp.sec * 10**9 + stamp.nanosec,
        (translation.x, translation.y, translation.z),
        (rotation.x, rotation.y, rotation.z, rotation.w),
        is_static,
    )
