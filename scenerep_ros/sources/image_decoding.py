"""Image bytes to arrays: raw sensor_msgs/Image data, and JPEG or PNG files and messages.

Pure functions of bytes, so that bags, folders and ROS topics share them. `name` is what the image
is called in errors: "depth topic /camera/depth/image", or a file's path.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError

ImageData: TypeAlias = "bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]"
"""What ROS message classes and files hold."""

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG", b"IEND"


class _Layout(NamedTuple):
    """How an encoding lays out a pixel, and OpenCV's code that makes it RGB (None: it is)."""

    channels: int
    dtype: type[np.generic]
    to_rgb: int | None


COLOR_LAYOUTS = {
    "rgb8": _Layout(3, np.uint8, None),
    "bgr8": _Layout(3, np.uint8, cv2.COLOR_BGR2RGB),
    "8UC3": _Layout(3, np.uint8, cv2.COLOR_BGR2RGB),
    "rgba8": _Layout(4, np.uint8, cv2.COLOR_RGBA2RGB),
    "bgra8": _Layout(4, np.uint8, cv2.COLOR_BGRA2RGB),
    "8UC4": _Layout(4, np.uint8, cv2.COLOR_BGRA2RGB),
    "mono8": _Layout(1, np.uint8, cv2.COLOR_GRAY2RGB),
    "8UC1": _Layout(1, np.uint8, cv2.COLOR_GRAY2RGB),
    "mono16": _Layout(1, np.uint16, cv2.COLOR_GRAY2RGB),
    "bayer_rggb8": _Layout(1, np.uint8, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr8": _Layout(1, np.uint8, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg8": _Layout(1, np.uint8, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg8": _Layout(1, np.uint8, cv2.COLOR_BayerGRBG2RGB),
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
    """Decode the fields of a colour sensor_msgs/Image.

    Returns:
        (H, W, 3) uint8, RGB, contiguous; for rgb8 without padding a view of data, which is
        read-only where data is.

    Raises:
        FrameError: if the encoding is none of COLOR_LAYOUTS, or the sizes contradict each other.
    """
    if encoding not in COLOR_LAYOUTS:
        raise FrameError(f"{name}: encoding {encoding}, expected one of {', '.join(COLOR_LAYOUTS)}")
    channels, dtype, to_rgb = COLOR_LAYOUTS[encoding]
    shape = (height, width) if channels == 1 else (height, width, channels)
    pixels = _pixels(data, shape, np.dtype(dtype), step, is_bigendian, name)
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
        (H, W) float32, metres, NaN where nothing was measured.

    Raises:
        FrameError: if the encoding is not a depth, or the sizes contradict each other.
    """
    if encoding not in DEPTH_DTYPES:
        raise FrameError(f"{name}: encoding {encoding}, expected 16UC1 (mm) or 32FC1 (m)")
    dtype = np.dtype(DEPTH_DTYPES[encoding])
    raw = _pixels(data, (height, width), dtype, step, is_bigendian, name)
    return metric_depth(raw, 1.0 if dtype.kind == "f" else 0.001)


def decode_compressed_color(data: ImageData, name: str) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG: a file's content, or the data of a sensor_msgs/CompressedImage.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        FrameError: if the data is damaged, cut short or no image.
    """
    bgr = _decompress(data, cv2.IMREAD_COLOR, name)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def decode_compressed_single(data: ImageData, name: str) -> NDArray[np.generic]:
    """Decode a file of one channel (depth, labels) without touching its values.

    Returns:
        (H, W), of the file's own dtype.

    Raises:
        FrameError: if the data is damaged, cut short, no image, or has several channels.
    """
    image = _decompress(data, cv2.IMREAD_UNCHANGED, name)
    if image.ndim != 2:
        raise FrameError(f"{name}: has {image.shape[2]} channels, expected one (depth or labels)")
    return image


def metric_depth(raw: NDArray[np.generic], scale: float) -> NDArray[np.float32]:
    """Bring a sensor's depth to metres.

    Args:
        raw: (H, W), any integer or float dtype and byte order. 0, negative and not finite values
            are no measurements, nor is 65535 in 16 bit images.
        scale: metres a unit.

    Returns:
        (H, W) float32, metres, NaN where nothing was measured.
    """
    depth = np.multiply(raw, scale, dtype=np.float32)
    valid = (depth > 0) & (depth < np.inf)
    if raw.dtype.kind == "u" and raw.dtype.itemsize == 2:
        valid &= raw != 65535
    depth[~valid] = np.nan
    return depth


def _pixels(
    data: ImageData,
    shape: tuple[int, ...],
    dtype: np.dtype,
    step: int,
    is_bigendian: bool,
    name: str,
) -> NDArray:
    """View raw bytes as pixels, rows `step` bytes apart."""
    height, width = shape[:2]
    pixel = dtype.itemsize * int(np.prod(shape[2:]))
    if height < 1 or width < 1:
        raise FrameError(f"{name}: image is {width}x{height} pixels, so it is empty")
    if step < width * pixel:
        raise FrameError(f"{name}: step is {step}, expected {width * pixel} bytes or more a row")
    need = step * (height - 1) + width * pixel
    if len(data) < need:
        raise FrameError(
            f"{name}: data has {len(data)} bytes, expected {step * height} for {height} rows of {step}"
        )
    strides = (step, pixel, dtype.itemsize)[: len(shape)]
    ordered = dtype.newbyteorder(">" if is_bigendian else "<")
    return np.ndarray(shape, ordered, buffer=data, strides=strides)


def _decompress(data: ImageData, flags: int, name: str) -> NDArray:
    """Decompress whole files only: OpenCV fills the missing part of a JPEG with grey, silently."""
    content = bytes(data)
    ends = {JPEG_START: JPEG_END, PNG_START: PNG_END}
    for start, end in ends.items():
        if content.startswith(start) and end not in content:
            raise FrameError(f"{name}: image is cut short; copy or record it again")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise FrameError(f"{name}: image is damaged or of an unknown format (expected PNG or JPEG)")
    return image
