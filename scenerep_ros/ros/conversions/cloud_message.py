"""The labelled cloud as sensor_msgs/PointCloud2, in memory that is used again for every frame."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import CLOUD_DTYPE, coordinates, deproject, paint

POINT_TYPES = {"f": PointField.FLOAT32, "u": PointField.UINT32}


class CloudMessage:
    """One organised cloud message.

    A 640x480 cloud has 6 MB. Taking that from the operating system for every frame, page by page,
    costs more than computing its content, so each cloud is written over the one before it;
    publishing copies.
    """

    def __init__(self) -> None:
        self._message = PointCloud2(is_bigendian=False, is_dense=False, fields=_point_fields())
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
        """Write a cloud; of the one that it holds already, only the colours.

        Args:
            header: of the image.
            frame: with depth and intrinsics; the same one as in the call before means the same
                cloud with other colours.
            labels: (H, W) uint16, of the frame.
            color: (H, W, 3) uint8, RGB.

        Returns:
            The message, valid until the next call.
        """
        if frame is not self._frame:
            self._fill(frame, labels)
            self._message.header = header
        paint(self._cloud, color)
        return self._message

    def _fill(self, frame: RGBDFrame, labels: NDArray[np.uint16]) -> None:
        assert frame.depth is not None
        assert frame.intrinsics is not None
        if self._cloud.shape != frame.shape:
            self._resize(*frame.shape)
        deproject(frame.depth, frame.intrinsics, out=coordinates(self._cloud))
        self._cloud["label"] = labels
        self._frame = frame

    def _resize(self, height: int, width: int) -> None:
        message = self._message
        message.height, message.width = height, width
        message.row_step = width * message.point_step
        message.data = array("B", bytes(height * message.row_step))
        # A view, not a copy: what is written to the cloud is in the message.
        self._cloud = np.frombuffer(message.data, CLOUD_DTYPE).reshape(height, width)


def _point_fields() -> list[PointField]:
    layout: Mapping[str, Any] = CLOUD_DTYPE.fields or {}
    return [
        PointField(name=name, offset=offset, datatype=POINT_TYPES[dtype.kind], count=1)
        for name, (dtype, offset, *_) in layout.items()
    ]
