"""Small recordings in each format, for the tests of sources."""

from __future__ import annotations

from contextlib import contextmanager

import cv2
import numpy as np
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_typestore

START = 1_305_031_229_000_000_000
"""Stamp of the first frame [ns]."""
PERIOD = 33_000_000
"""Time between two frames [ns]."""


def color_image(index, shape=(24, 32)):
    """Return an RGB image (H, W, 3) uint8 of random values that depend on the index."""
    return np.random.default_rng(index).integers(0, 256, (*shape, 3), dtype=np.uint8)


def depth_image(index, shape=(24, 32)):
    """Return a 16 bit depth image (H, W) with one pixel of each invalid value."""
    depth = np.random.default_rng(100 + index).integers(500, 4000, shape, dtype=np.uint16)
    depth[0, :2] = 0, 65535
    return depth


def write_image(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    assert cv2.imwrite(str(path), image)
    return path


def write_tum(folder, count=4, offset=0.004, start_s=1305031229.1):
    """Write a TUM folder whose depth stamps are `offset` [s] after the color stamps."""
    lists = {"rgb": [], "depth": []}
    for index in range(count):
        second = start_s + index * 0.033
        for folder_name, stamp, image in (
            ("rgb", second, color_image(index)),
            ("depth", second + offset, depth_image(index)),
        ):
            name = f"{folder_name}/{stamp:.6f}.png"
            write_image(folder / name, image)
            lists[folder_name].append(f"{stamp:.6f} {name}\n")
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text(f"# {name} images\n" + "".join(lines))
    return folder


def write_rgbd(folder, count=3):
    """Write color/ and depth/ images of equal names."""
    for index in range(count):
        write_image(folder / "color" / f"view{index}.png", color_image(index))
        write_image(folder / "depth" / f"view{index}.png", depth_image(index))
    return folder


class Recorder:
    """Writer of sensor messages into an open bag.

    Attributes:
        frame_id: coordinate frame of the next messages.
    """

    def __init__(self, writer, store, ros1):
        self.frame_id = "/openni_rgb_optical_frame"
        self._writer, self._store, self._ros1 = writer, store, ros1
        self._connections = {}

    def image(self, topic, stamp, pixels, encoding, time=None):
        """Write an Image; `time` is the time of recording [ns], by default the stamp."""
        rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
        self._record(
            topic,
            "Image",
            stamp if time is None else time,
            header=self._header(stamp),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=rows.shape[1],
            data=rows.ravel(),
        )

    def compressed(self, topic, stamp, data, image_format="png"):
        content = np.frombuffer(data, np.uint8)
        self._record(
            topic,
            "CompressedImage",
            stamp,
            header=self._header(stamp),
            format=image_format,
            data=content,
        )

    def text(self, topic, time, content="text"):
        """Write a std_msgs/String, which has no header."""
        self._record(topic, "String", time, package="std_msgs", data=content)

    def info(self, topic, stamp, fx=500.0):
        k = np.array([fx, 0, 15.5, 0, fx, 11.5, 0, 0, 1 if fx else 0], np.float64)
        matrices = {"d": np.zeros(5), "k": k, "r": np.eye(3).ravel(), "p": np.zeros(12)}
        region = self._types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
        self._record(
            topic,
            "CameraInfo",
            stamp,
            header=self._header(stamp),
            height=24,
            width=32,
            distortion_model="plumb_bob",
            binning_x=0,
            binning_y=0,
            roi=region,
            **{name.upper() if self._ros1 else name: value for name, value in matrices.items()},
        )

    def transform(self, topic, stamp, parent, child, translation, quaternion=(0, 0, 0, 1)):
        """Write a tf2_msgs/TFMessage with one transform."""
        types = self._types
        transform = types["geometry_msgs/msg/Transform"](
            types["geometry_msgs/msg/Vector3"](*map(float, translation)),
            types["geometry_msgs/msg/Quaternion"](*map(float, quaternion)),
        )
        frame_id, self.frame_id = self.frame_id, parent
        header, self.frame_id = self._header(stamp), frame_id
        stamped = types["geometry_msgs/msg/TransformStamped"](header, child, transform)
        self._record(topic, "TFMessage", stamp, package="tf2_msgs", transforms=[stamped])

    @property
    def _types(self):
        return self._store.types

    def _header(self, stamp):
        time = self._types["builtin_interfaces/msg/Time"](stamp // 10**9, stamp % 10**9)
        fields = {"stamp": time, "frame_id": self.frame_id}
        return self._types["std_msgs/msg/Header"](**fields, **({"seq": 0} if self._ros1 else {}))

    def _record(self, topic, type_name, time, package="sensor_msgs", **fields):
        message_type = f"{package}/msg/{type_name}"
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, message_type, typestore=self._store
            )
        serialize = self._store.serialize_ros1 if self._ros1 else self._store.serialize_cdr
        data = serialize(self._types[message_type](**fields), message_type)
        self._writer.write(self._connections[topic], time, data)


@contextmanager
def record(path):
    """Open a bag for writing: ROS 1 for .bag, else a rosbag2 folder, MCAP if the name contains it."""
    if path.suffix == ".bag":
        with Writer1(path) as writer:
            yield Recorder(writer, get_typestore(Stores.ROS1_NOETIC), ros1=True)
    else:
        plugin = StoragePlugin.MCAP if "mcap" in path.name else StoragePlugin.SQLITE3
        with Writer2(path, version=9, storage_plugin=plugin) as writer:
            yield Recorder(writer, get_typestore(Stores.ROS2_KILTED), ros1=False)


def write_bag(path, count=4, depth_delay=5_000_000):
    """Write a bag with the topics of TUM: rgb8, 16UC1 [mm], camera_info."""
    with record(path) as bag:
        for index in range(count):
            stamp = START + index * PERIOD
            bag.info("/camera/rgb/camera_info", stamp)
            bag.image("/camera/rgb/image_color", stamp, color_image(index), "rgb8")
            bag.image("/camera/depth/image", stamp + depth_delay, depth_image(index), "16UC1")
    return path
