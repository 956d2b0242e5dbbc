"""Labeled point cloud as sensor_msgs/PointCloud2, in a buffer that all frames share."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import CLOUD_DTYPE, colorize_cloud, fill_cloud

POINT_TYPES = {"f": PointField.FLOAT32, "u": PointField.UINT32}


class CloudMessageBuffer:
    """Organized cloud message whose memory is reused.

    A 640x480 cloud has 6 MB. The allocation of new pages for every frame costs more time than the
    computation of the points, so each cloud overwrites the previous one. Publishing copies.
    """

    def __init__(self) -> None:
        self._message = PointCloud2(is_bigendian=False, is_dense=False, fields=point_fields())
        self._message.point_step = CLOUD_DTYPE.itemsize
        self._cloud = np.empty((0, 0), CLOUD_DTYPE)
        self._frame: RGBDFrame | None = None

    def fill(
        self,
        header: Header,
        frame: RGBDFrame,
        labels: NDArray[np.uint16],
        color: NDArray[np.uint8],
    ) -> PointCloud2:
        """Write a cloud. A repeated call with the same frame object updates the colors only.

        Args:
            header: header of the color image.
            frame: frame with depth and intrinsics.
            labels: (H, W) uint16, labels of the frame.
            color: (H, W, 3) uint8, RGB colors of the points.

        Returns:
            The message, valid until the next call.
        """
        if frame is self._frame:
            colorize_cloud(self._cloud, color)
            return self._message
        assert frame.depth is not None
        assert frame.intrinsics is not None
        if self._cloud.shape != frame.shape:
            self._resize(*frame.shape)
        fill_cloud(self._cloud, frame.depth, frame.intrinsics, labels, color)
        self._frame, self._message.header = frame, header
        return self._message

    def _resize(self, height: int, width: int) -> None:
        message = self._message
        message.height, message.width = height, width
        message.row_step = width * message.point_step
        message.data = array("B", bytes(height * message.row_step))
        # The cloud is a view of the message data, not a copy.
        self._cloud = np.frombuffer(message.data, CLOUD_DTYPE).reshape(height, width)


def point_fields() -> list[PointField]:
    """Return the fields of a cloud of CLOUD_DTYPE."""
    layout: Mapping[str, Any] = CLOUD_DTYPE.fields or {}
    return [
        PointField(name=name, offset=offset, datatype=POINT_TYPES[dtype.kind], count=1)
        for name, (dtype, offset, *_) in layout.items()
    ]
