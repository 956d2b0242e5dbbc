"""Depth in sensor_msgs/CompressedImage: the transports compressedDepth and compressed.

The transport compressed stores a PNG or a TIFF.
compressed_depth_image_transport puts a header of 12 bytes before the data: a format number and the
two parameters of inverse-depth quantization. 16UC1 is stored as it is; 32FC1 as 16-bit inverse depth.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.image_decoding import (
    JPEG_START,
    MAX_PIXELS,
    MILLIMETERS,
    PNG_START,
    ImageData,
    decode_compressed_mono,
    metric_depth,
)

TIFF_STARTS = (b"II*\0", b"MM\0*")
HEADER = struct.Struct("<iff")
SIZE = struct.Struct("<II")
NIBBLE_SHIFTS = np.arange(28, -1, -4, dtype=np.uint32)


def is_depth_format(image_format: str) -> bool:
    """Return whether the format field of a CompressedImage announces depth.

    >>> is_depth_format("16UC1; compressedDepth png"), is_depth_format("rgb8; jpeg compressed bgr8")
    (True, False)
    """
    encoding = image_format.partition(";")[0].strip()
    return "compressedDepth" in image_format or encoding in ("16UC1", "32FC1")


def decode_compressed_depth(data: ImageData, image_format: str, name: str) -> NDArray[np.float32]:
    """Decode the data of a depth image in either transport.

    Args:
        data: data of the message.
        image_format: format of the message, such as "16UC1; compressedDepth png".
        name: name of the image in error messages.

    Returns:
        (H, W) float32, depth [m], NaN = no measurement.

    Raises:
        FrameError: if the data is damaged, truncated or in another format.
    """
    content = bytes(data)
    if content.startswith(JPEG_START):
        raise FrameError(
            f"{name}: is a JPEG, which holds no depth; record the raw topic, or that of compressedDepth"
        )
    if content.startswith((PNG_START, *TIFF_STARTS)):
        values = decode_compressed_mono(content, name)
        return metric_depth(values, 1.0 if values.dtype.kind == "f" else MILLIMETERS)
    if len(content) <= HEADER.size:
        raise FrameError(f"{name}: compressed depth has {len(content)} bytes, so it has no image")
    _, scale, offset = HEADER.unpack_from(content)
    body = content[HEADER.size :]
    values = (
        decode_compressed_mono(body, name) if body.startswith(PNG_START) else decode_rvl(body, name)
    )
    if image_format.startswith("32FC1"):
        return _from_inverse_depth(values, scale, offset)
    return metric_depth(values, MILLIMETERS)


def decode_rvl(data: bytes, name: str) -> NDArray[np.uint16]:
    """Decode a depth image in RVL (Wilson, Fast Lossless Depth Image Compression, 2017).

    Args:
        data: width and height, then runs of zeros and of differences in variable-length numbers.
        name: name of the image in error messages.

    Raises:
        FrameError: if the data is damaged or truncated.
    """
    if len(data) < SIZE.size:
        raise FrameError(f"{name}: compressed depth is truncated; record it again")
    width, height = SIZE.unpack_from(data)
    if not 0 < width * height <= MAX_PIXELS:
        raise FrameError(f"{name}: compressed depth announces {width}x{height} pixels; not RVL")
    numbers = _variable_length_numbers(data[SIZE.size :])
    depth = np.zeros(width * height, np.int64)
    pixel = position = 0
    previous = 0
    while pixel < len(depth):
        if position + 1 >= len(numbers):
            raise FrameError(f"{name}: compressed depth is truncated; record it again")
        zero_count, value_count = int(numbers[position]), int(numbers[position + 1])
        position, pixel = position + 2, pixel + zero_count
        codes = numbers[position : position + value_count]
        # A damaged number of many groups overflows, so that it is negative.
        is_valid = min(zero_count, value_count) >= 0 and zero_count + value_count > 0
        if not is_valid or len(codes) < value_count or pixel + value_count > len(depth):
            raise FrameError(f"{name}: compressed depth is damaged; record it again")
        if value_count:
            # Zigzag codes 0, 1, 2, 3 stand for the differences 0, -1, 1, -2.
            run = previous + np.cumsum((codes >> 1) ^ -(codes & 1))
            depth[pixel : pixel + value_count] = run
            previous = int(run[-1])
        position, pixel = position + value_count, pixel + value_count
    return depth.astype(np.uint16).reshape(height, width)


def _variable_length_numbers(data: bytes) -> NDArray[np.int64]:
    """Decode numbers of groups of 3 bits, the lowest first; the top bit of a nibble continues."""
    words = np.frombuffer(data[: len(data) // 4 * 4], "<u4")
    nibbles = ((words[:, None] >> NIBBLE_SHIFTS) & 15).ravel()
    ends = np.flatnonzero(nibbles < 8)  # noqa: PLR2004  # constant: bit of continuation
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    if not len(ends):
        return np.empty(0, np.int64)
    nibbles = nibbles[: ends[-1] + 1]
    group = np.arange(len(nibbles)) - np.repeat(starts, ends - starts + 1)
    parts = (nibbles & 7).astype(np.int64) << np.minimum(3 * group, 60)
    return np.asarray(np.add.reduceat(parts, starts), np.int64)


def _from_inverse_depth(
    values: NDArray[np.generic], scale: float, offset: float
) -> NDArray[np.float32]:
    """Convert quantized inverse depth to meters; 0 marks a missing measurement."""
    quantized = values.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(scale) / (quantized - np.float32(offset))
    return metric_depth(np.where(quantized > 0, depth, np.float32(np.nan)), 1.0)
