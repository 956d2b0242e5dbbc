"""Conversion of frames to the messages of a camera driver."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from scenerep_ros.config.options import DepthTransport, Transport
from scenerep_ros.frames import Intrinsics, RGBDFrame

DEPTH_HEADER = bytes(12)
"""Header of compressedDepth: a format number and two parameters, which 16UC1 does not use."""
MAX_DEPTH_MM = 65534
"""Largest depth of a 16UC1 image; 65535 marks a pixel without measurement for some drivers [mm]."""
STAMP_PERIOD_NS = 2**31 * 10**9
"""Range of message stamps, whose seconds are int32 and, for clients, not negative: 1970 to 2038 [ns]."""
JPEG_QUALITY = 95
"""Default quality of image_transport's compressed plugin."""


class CameraMessages(NamedTuple):
    """Messages of one frame. Depth and camera_info are None if the frame has none."""

    stamp: Time
    color: Image | CompressedImage
    depth: Image | CompressedImage | None
    camera_info: CameraInfo | None


def camera_messages(
    frame: RGBDFrame, transport: Transport, depth_transport: DepthTransport = "raw"
) -> CameraMessages:
    """Convert a frame. All messages carry the frame's publishable stamp and its optical frame id.

    Raw depth is 32FC1 [m], NaN where there is no measurement; compressed depth is 16UC1 [mm], 0 where
    there is none (REP 118).
    """
    header = Header(
        stamp=stamp_from_ns(publishable_stamp_ns(frame.stamp_ns)), frame_id=frame.frame_id
    )
    convert_color = compressed_message if transport == "compressed" else color_message
    depth = None if frame.depth is None else _depth_message(frame.depth, depth_transport, header)
    info = None if frame.intrinsics is None else info_message(frame.intrinsics, frame.shape, header)
    return CameraMessages(header.stamp, convert_color(frame.color, header), depth, info)


def publishable_stamp_ns(stamp_ns: int) -> int:
    """Return a stamp that messages hold and clients accept [ns].

    Any other is moved by a multiple of 2^31 s, about 68 years, so that intervals stay.

    >>> publishable_stamp_ns(5), publishable_stamp_ns(2**31 * 10**9 + 5)
    (5, 5)
    """
    return stamp_ns % STAMP_PERIOD_NS


def stamp_from_ns(stamp_ns: int) -> Time:
    """Convert nanoseconds to a message stamp."""
    return Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)


def stamp_to_ns(stamp: Time) -> int:
    """Convert a message stamp to nanoseconds.

    >>> stamp_to_ns(Time(sec=2, nanosec=5))
    2000000005
    """
    return stamp.sec * 10**9 + stamp.nanosec


def image_message(pixels: NDArray, encoding: str, header: Header) -> Image:
    """Wrap pixels (H, W) or (H, W, channels) of the encoding's dtype."""
    message = Image(header=header, encoding=encoding, is_bigendian=0)
    message.height, message.width = pixels.shape[:2]
    message.step = pixels[:1].nbytes
    message.data = _byte_array(pixels)
    return message


def color_message(color: NDArray[np.uint8], header: Header) -> Image:
    """Wrap an RGB image (H, W, 3) as rgb8."""
    return image_message(color, "rgb8", header)


def compressed_message(color: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Compress an RGB image (H, W, 3) to JPEG, with the format string of image_transport."""
    bgr = cv2.cvtColor(color, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return CompressedImage(
        header=header, format="rgb8; jpeg compressed bgr8", data=_byte_array(jpeg)
    )


def _depth_message(
    depth: NDArray[np.float32], transport: DepthTransport, header: Header
) -> Image | CompressedImage:
    if transport == "raw":
        return image_message(depth, "32FC1", header)
    millimeters = np.nan_to_num(depth * 1000).round().clip(0, MAX_DEPTH_MM).astype(np.uint16)
    _, png = cv2.imencode(".png", millimeters)
    if transport == "compressed":
        return CompressedImage(
            header=header, format="16UC1; png compressed ", data=_byte_array(png)
        )
    data = array("B", DEPTH_HEADER + png.tobytes())
    return CompressedImage(header=header, format="16UC1; compressedDepth png", data=data)


def info_message(camera: Intrinsics, shape: tuple[int, int], header: Header) -> CameraInfo:
    """Describe a rectified pinhole camera of (H, W) pixels: no distortion, R is the identity."""
    fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
    message = CameraInfo(header=header, distortion_model="plumb_bob", d=[0.0] * 5)
    message.height, message.width = shape
    message.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def _byte_array(values: NDArray) -> array[int]:
    """Copy an array to the only type whose elements rclpy's setters do not check one by one."""
    data = array("B")
    data.frombytes(np.ascontiguousarray(values).view(np.uint8).data)
    return data
