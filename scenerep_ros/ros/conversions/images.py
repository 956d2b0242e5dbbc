"""Conversion of camera messages to arrays and intrinsics."""

from __future__ import annotations

from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics
from scenerep_ros.sources.image_decoding import (
    ImageData,
    decode_color,
    decode_compressed_color,
    decode_depth,
)


def to_color(message: Image | CompressedImage, topic: str) -> NDArray:
    """Decode a color image of either transport.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        FrameError: if encoding, step and size do not fit together, or the data is damaged.
    """
    name = f"color topic {topic}"
    if isinstance(message, CompressedImage):
        return decode_compressed_color(message.data, name)
    return decode_color(*_layout(message), name)


def to_depth(message: Image, topic: str) -> NDArray:
    """Decode a depth image of REP 118: 16UC1 [mm] or 32FC1 [m].

    Returns:
        (H, W) float32 [m], NaN where there is no measurement.

    Raises:
        FrameError: if encoding, step and size do not fit together.
    """
    return decode_depth(*_layout(message), f"depth topic {topic}")


def to_intrinsics(message: CameraInfo, shape: tuple[int, int], topic: str) -> Intrinsics:
    """Read the pinhole camera of an image.

    K describes the unrectified image, P the rectified image. A topic whose name contains `rect`
    carries rectified images, so its intrinsics are those of P; for every other topic, those of K.

    Args:
        message: calibration of the camera.
        shape: height and width of the image [px].
        topic: topic of the image.

    Raises:
        FrameError: if the camera is not calibrated, or is calibrated for another image size.
    """
    matrix = message.p if "rect" in topic else message.k
    columns = len(matrix) // 3
    fx, cx, fy, cy = (float(matrix[i]) for i in (0, 2, columns + 1, columns + 2))
    if not fx or not fy:
        raise FrameError(
            f"camera_info for {topic}: focal lengths are 0, so the camera is not calibrated; "
            "calibrate it, or set its camera_info_url"
        )
    if message.height and message.width and (message.height, message.width) != shape:
        raise FrameError(
            f"camera_info for {topic}: describes {message.width}x{message.height} images, but "
            f"they are {shape[1]}x{shape[0]}; set camera_info_topic to the color camera's topic"
        )
    return Intrinsics(fx, fy, cx, cy)


def to_frame_id(message: Image | CompressedImage) -> str:
    """Return the optical frame id without the leading slash of ROS 1, which tf2 rejects."""
    return message.header.frame_id.lstrip("/")


def _layout(message: Image) -> tuple[ImageData, int, int, str, int, bool]:
    return (
        message.data,
        message.height,
        message.width,
        message.encoding,
        message.step,
        bool(message.is_bigendian),
    )
