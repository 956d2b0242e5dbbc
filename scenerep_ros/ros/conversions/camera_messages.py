"""Frames as the messages of a camera driver."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from scenerep_ros.config.options import Transport
from scenerep_ros.frames import Intrinsics, RGBDFrame

JPEG_QUALITY = 95
"""As image_transport's compressed plugin."""


class CameraMessages(NamedTuple):
    """One frame on the wire; None for what the frame does not have."""

    stamp: Time
    color: Image | CompressedImage
    depth: Image | None
    camera_info: CameraInfo | None


def camera_messages(frame: RGBDFrame, transport: Transport) -> CameraMessages:
    """Convert a frame; all messages carry its stamp and optical frame.

    Depth is 32FC1, metres, NaN = no measurement (REP 118).
    """
    header = Header(stamp=to_stamp(frame.stamp_ns), frame_id=frame.frame_id)
    color = compressed_message if transport == "compressed" else color_message
    depth = None if frame.depth is None else image_message(frame.depth, "32FC1", header)
    info = None if frame.intrinsics is None else info_message(frame.intrinsics, frame.shape, header)
    return CameraMessages(header.stamp, color(frame.color, header), depth, info)


def to_stamp(stamp_ns: int) -> Time:
    """Nanoseconds as a message's time."""
    return Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)


def from_stamp(stamp: Time) -> int:
    """A message's time as nanoseconds."""
    return stamp.sec * 10**9 + stamp.nanosec


def image_message(pixels: NDArray, encoding: str, header: Header) -> Image:
    """Wrap pixels (H, W) or (H, W, channels) of the encoding's dtype."""
    message = Image(header=header, encoding=encoding, is_bigendian=0)
    message.height, message.width = pixels.shape[:2]
    message.step = pixels[:1].nbytes
    message.data = _bytes(pixels)
    return message


def color_message(color: NDArray[np.uint8], header: Header) -> Image:
    """Wrap an RGB image as rgb8."""
    return image_message(color, "rgb8", header)


def compressed_message(color: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Compress an RGB image to JPEG, described as image_transport describes it."""
    bgr = cv2.cvtColor(color, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=_bytes(jpeg))


def info_message(camera: Intrinsics, shape: tuple[int, int], header: Header) -> CameraInfo:
    """Describe a rectified pinhole camera of (H, W) pixels: no distortion, R identity."""
    fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
    message = CameraInfo(header=header, distortion_model="plumb_bob", d=[0.0] * 5)
    message.height, message.width = shape
    message.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def _bytes(values: NDArray) -> array[int]:
    """Copy an array into what rclpy's setters take without a check of each element."""
    data = array("B")
    data.frombytes(np.ascontiguousarray(values).view(np.uint8).data)
    return data
