"""Decoding of images: raw sensor_msgs/Image data, and the content of JPEG and PNG files.

The functions are pure, so that bags, folders and ROS topics share them. `name` identifies the image
in error messages: "depth topic /camera/depth/image", or the path of a file.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError

ImageData: TypeAlias = "bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]"
"""Types of the image data in ROS messages and files."""

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG", b"IEND"
MILLIMETERS = 0.001
"""Length of a millimeter [m]."""
NO_MEASUREMENT_16BIT = 65535
"""Value by which some drivers mark an invalid pixel of a 16 bit depth image, besides 0."""


class _PixelLayout(NamedTuple):
    """Memory layout of a pixel.

    Attributes:
        channels: number of channels.
        dtype: dtype of a channel.
        to_rgb: OpenCV's color conversion code to RGB; None for RGB.
    """

    channels: int
    dtype: type[np.generic]
    to_rgb: int | None


COLOR_LAYOUTS = {
    "rgb8": _PixelLayout(3, np.uint8, None),
    "bgr8": _PixelLayout(3, np.uint8, cv2.COLOR_BGR2RGB),
    "8UC3": _PixelLayout(3, np.uint8, cv2.COLOR_BGR2RGB),
    "rgba8": _PixelLayout(4, np.uint8, cv2.COLOR_RGBA2RGB),
    "bgra8": _PixelLayout(4, np.uint8, cv2.COLOR_BGRA2RGB),
    "8UC4": _PixelLayout(4, np.uint8, cv2.COLOR_BGRA2RGB),
    "mono8": _PixelLayout(1, np.uint8, cv2.COLOR_GRAY2RGB),
    "8UC1": _PixelLayout(1, np.uint8, cv2.COLOR_GRAY2RGB),
    "mono16": _PixelLayout(1, np.uint16, cv2.COLOR_GRAY2RGB),
    "bayer_rggb8": _PixelLayout(1, np.uint8, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr8": _PixelLayout(1, np.uint8, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg8": _PixelLayout(1, np.uint8, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg8": _PixelLayout(1, np.uint8, cv2.COLOR_BayerGRBG2RGB),
}
DEPTH_DTYPES: dict[str, type[np.generic]] = {
    "16UC1": np.uint16,
    "mono16": np.uint16,
    "32FC1": np.float32,
}


def decode_color(
    data: ImageData,
    height: int,
    width: int,
    encoding: str,
    step: int,
    is_bigendian: bool,
    name: str,
) -> NDArray[np.uint8]:
    """Decode the fields of a color sensor_msgs/Image.

    Returns:
        (H, W, 3) uint8, RGB, contiguous; for rgb8 without padding a view of data, which is
        read-only if data is.

    Raises:
        FrameError: if COLOR_LAYOUTS lacks the encoding, or the sizes contradict each other.
    """
    if encoding not in COLOR_LAYOUTS:
        raise FrameError(f"{name}: encoding {encoding}, expected one of {', '.join(COLOR_LAYOUTS)}")
    channels, dtype, to_rgb = COLOR_LAYOUTS[encoding]
    shape = (height, width) if channels == 1 else (height, width, channels)
    pixels = _view_pixels(data, shape, np.dtype(dtype), step, is_bigendian, name)
    if dtype is np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    pixels = np.ascontiguousarray(pixels)
    return pixels if to_rgb is None else np.asarray(cv2.cvtColor(pixels, to_rgb), np.uint8)


def decode_depth(
    data: ImageData,
    height: int,
    width: int,
    encoding: str,
    step: int,
    is_bigendian: bool,
    name: str,
) -> NDArray[np.float32]:
    """Decode the fields of a depth sensor_msgs/Image (REP 118).

    Returns:
        (H, W) float32, depth [m], NaN = no measurement.

    Raises:
        FrameError: if the encoding is not one of depth, or the sizes contradict each other.
    """
    if encoding not in DEPTH_DTYPES:
        raise FrameError(f"{name}: encoding {encoding}, expected 16UC1 (mm) or 32FC1 (m)")
    dtype = np.dtype(DEPTH_DTYPES[encoding])
    raw = _view_pixels(data, (height, width), dtype, step, is_bigendian, name)
    return metric_depth(raw, 1.0 if dtype.kind == "f" else MILLIMETERS)


def decode_compressed_color(data: ImageData, name: str) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG: the content of a file, or the data of a sensor_msgs/CompressedImage.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        FrameError: if the data is damaged, truncated or not an image.
    """
    bgr = _decompress(data, cv2.IMREAD_COLOR, name)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def decode_compressed_mono(data: ImageData, name: str) -> NDArray[np.generic]:
    """Decode an image file of one channel (depth, labels) without changing its values.

    Returns:
        (H, W), in the dtype of the file.

    Raises:
        FrameError: if the data is damaged, truncated, not an image, or has several channels.
    """
    image = _decompress(data, cv2.IMREAD_UNCHANGED, name)
    has_channels = len(image.shape[2:]) > 0
    if has_channels:
        raise FrameError(f"{name}: has {image.shape[2]} channels, expected one (depth or labels)")
    return image


def metric_depth(raw: NDArray[np.generic], scale: float) -> NDArray[np.float32]:
    """Convert the depth values of a sensor to meters.

    Args:
        raw: (H, W), any integer or float dtype and byte order. Values that are 0, negative or not
            finite mark missing measurements, and so does 65535 in 16 bit images.
        scale: length of a unit [m].

    Returns:
        (H, W) float32, depth [m], NaN = no measurement.
    """
    depth = np.multiply(raw, scale, dtype=np.float32)
    is_valid = (depth > 0) & (depth < np.inf)
    if raw.dtype.newbyteorder("=") == np.uint16:
        is_valid &= raw != NO_MEASUREMENT_16BIT
    depth[~is_valid] = np.nan
    return depth


def _view_pixels(
    data: ImageData,
    shape: tuple[int, ...],
    dtype: np.dtype,
    step: int,
    is_bigendian: bool,
    name: str,
) -> NDArray:
    """View raw bytes as an array of pixels whose rows start every `step` bytes."""
    height, width = shape[:2]
    pixel_bytes = dtype.itemsize * int(np.prod(shape[2:]))
    if height < 1 or width < 1:
        raise FrameError(f"{name}: image is {width}x{height} pixels, so it is empty")
    if step < width * pixel_bytes:
        raise FrameError(
            f"{name}: step is {step}, expected {width * pixel_bytes} bytes or more per row"
        )
    required_bytes = step * (height - 1) + width * pixel_bytes
    if len(data) < required_bytes:
        raise FrameError(
            f"{name}: data has {len(data)} bytes, expected {step * height} for {height} rows of {step}"
        )
    strides = (step, pixel_bytes, dtype.itemsize)[: len(shape)]
    ordered_dtype = dtype.newbyteorder(">" if is_bigendian else "<")
    return np.ndarray(shape, ordered_dtype, buffer=data, strides=strides)


def _decompress(data: ImageData, flags: int, name: str) -> NDArray:
    """Decompress complete files only: OpenCV fills the missing part of a JPEG with gray silently."""
    content = bytes(data)
    ends = {JPEG_START: JPEG_END, PNG_START: PNG_END}
    for start, end in ends.items():
        if content.startswith(start) and end not in content:
            raise FrameError(f"{name}: image is truncated; copy or record it again")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise FrameError(f"{name}: image is damaged or of an unknown format (expected PNG or JPEG)")
    return image
