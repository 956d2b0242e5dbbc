"""Conversion of image messages to arrays."""

from __future__ import annotations

from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from scenerep_ros.sources.compressed_depth import decode_compressed_depth
from scenerep_ros.sources.image_decoding import (
    decode_color,
    decode_compressed_color,
    decode_depth,
    image_fields,
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
    return decode_color(*image_fields(message), name)


def to_depth(message: Image | CompressedImage, topic: str) -> NDArray:
    """Decode a depth image of any transport, by REP 118: 16UC1 [mm] or 32FC1 [m].

    Returns:
        (H, W) float32 [m], NaN where there is no measurement.

    Raises:
        FrameError: if encoding, step and size do not fit together, or the data is damaged.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed_depth(message.data, message.format, f"depth topic {topic}")
    return decode_depth(*image_fields(message), f"depth topic {topic}")


def to_frame_id(message: Image | CompressedImage) -> str:
    """Return the optical frame id without the leading slash of ROS 1, which tf2 rejects."""
    return message.header.frame_id.lstrip("/")
