"""Decoding of images: raw sensor_msgs/Image data, and the content of JPEG and PNG files.

The functions are pure, so that bags, folders and ROS topics share them. `name` identifies the image
in error messages: "depth topic /camera/depth/image", or the path of a file.
"""

from __future__ import annotations

import warnings
from array import array
from io import BytesIO
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.color_encodings import (
    COLOR_LAYOUTS,
    ColorLayout,
    convert_to_rgb,
    to_8_bits,
)

ImageData: TypeAlias = "bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]"
"""Types of the image data in ROS messages and files."""

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PROGRESSIVE_START = b"\xff\xc2"
PNG_START, PNG_END = b"\x89PNG", b"IEND"
PNG_CHUNKS_AT, PNG_CHUNK_FRAME = 8, 12
"""Bytes before the first chunk of a PNG; bytes of length, type and checksum of a chunk."""
YUV_CHANNELS = 2
"""Bytes of a pixel of YUV 4:2:2, whose pixels share their chroma in pairs."""
JPEG_CONTINUATION = bytes(range(1, 255)) * 16
"""Data that a decoder reads as blocks of an image if blocks are missing."""
MAX_PIXELS = 1 << 26
"""constant: largest image that is decoded [px], eight times that of a 4K camera."""
MILLIMETERS = 0.001
"""Length of a millimeter [m]."""
NO_MEASUREMENT_16BIT = 65535
"""Value by which some drivers mark an invalid pixel of a 16 bit depth image, besides 0."""


DEPTH_DTYPES: dict[str, type[np.generic]] = {
    "16UC1": np.uint16,
    "mono16": np.uint16,
    "32FC1": np.float32,
}


def image_fields(message: Any) -> tuple[ImageData, int, int, str, int, bool]:
    """Return the fields of a sensor_msgs/Image in the order of the decoders' arguments."""
    return (
        message.data,
        message.height,
        message.width,
        message.encoding,
        message.step,
        bool(message.is_bigendian),
    )


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
    layout = COLOR_LAYOUTS[encoding]
    _check_even_size(height, width, layout, encoding, name)
    shape = layout.data_shape(height, width)
    pixels = _view_pixels(data, shape, np.dtype(layout.dtype), step, is_bigendian, name)
    if layout.dtype is np.uint16:
        pixels = to_8_bits(pixels)
    return convert_to_rgb(np.ascontiguousarray(pixels), layout)


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

    A palette image yields its indices, and a color image of equal channels one of them.

    Returns:
        (H, W), in the dtype of the file.

    Raises:
        FrameError: if the data is damaged, truncated, not an image, or has several different channels.
    """
    image = _decompress(data, cv2.IMREAD_UNCHANGED, name)
    has_channels = len(image.shape[2:]) > 0
    if not has_channels:
        return image
    indices = _palette_indices(bytes(data))
    if indices is not None:
        return indices
    if (image == image[..., :1]).all():
        return np.ascontiguousarray(image[..., 0])
    raise FrameError(f"{name}: has {image.shape[2]} channels, expected one (depth or labels)")


def _palette_indices(content: bytes) -> NDArray[np.uint8] | None:
    """Return the indices (H, W) of a palette image, which OpenCV replaces by colors; else None."""
    try:
        with Image.open(BytesIO(content)) as image:
            return np.asarray(image, np.uint8) if image.mode == "P" else None
    except Exception:  # damaged bytes can make Pillow raise nearly any exception
        return None


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


def _check_even_size(
    height: int, width: int, layout: ColorLayout, encoding: str, name: str
) -> None:
    """Refuse odd sizes of encodings whose pixels share their chroma.

    Raises:
        FrameError: if the width is odd, or the height of a planar encoding.
    """
    shares_rows = layout.row_ratio != (1, 1)
    shares_columns = shares_rows or layout.channels == YUV_CHANNELS
    if (shares_columns and width % 2) or (shares_rows and height % 2):
        raise FrameError(f"{name}: {width}x{height} pixels, expected even sizes for {encoding}")


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
    """Decompress complete files only: decoders fill the missing part of a JPEG with gray."""
    content = bytes(data)
    _check_announced_size(content, name)
    is_truncated = content.startswith(PNG_START) and not _has_all_chunks(content)
    if is_truncated:
        image = None
    elif content.startswith(JPEG_START) and not content.rstrip(b"\0").endswith(JPEG_END):
        image = _decode_endless_jpeg(content.rstrip(b"\0"), flags)
        is_truncated = image is None
    else:
        image = _decode(content, flags)
    if is_truncated:
        raise FrameError(f"{name}: image is truncated; copy or record it again")
    if image is None:
        raise FrameError(f"{name}: image is damaged or of an unknown format (expected PNG or JPEG)")
    return image


def _has_all_chunks(content: bytes) -> bool:
    """Return whether a PNG has the bytes that its chunks announce, up to the end chunk.

    OpenCV allocates the announced length of a chunk before it reads it.
    """
    position = PNG_CHUNKS_AT
    while position + PNG_CHUNK_FRAME <= len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        position += PNG_CHUNK_FRAME + length
        if content[position - length - 8 : position - length - 4] == PNG_END:
            return position <= len(content)
    return False


def _check_announced_size(content: bytes, name: str) -> None:
    """Refuse an image whose header announces more pixels than cameras have, before it is decoded.

    Raises:
        FrameError: if it does.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            size = Image.open(BytesIO(content)).size
    except Image.DecompressionBombError as error:
        raise FrameError(f"{name}: {error}; its header is damaged") from None
    except Exception:  # a format that Pillow does not know, or damaged bytes
        return
    if size[0] * size[1] > MAX_PIXELS:
        raise FrameError(f"{name}: announces {size[0]}x{size[1]} pixels; its header is damaged")


def _decode(content: bytes, flags: int) -> NDArray | None:
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None


def _decode_endless_jpeg(content: bytes, flags: int) -> NDArray | None:
    """Decode a JPEG without end marker, as some cameras send it; None if blocks are missing.

    A decoder takes missing blocks from the data that follows, so that two images differ. Scans that
    a progressive JPEG lacks leave no such trace, so it needs its marker.
    """
    if PROGRESSIVE_START in content and JPEG_END not in content:
        return None
    if content.endswith(b"\xff"):  # its stuffed zero was taken for padding
        content += b"\0"
    image = _decode(content + JPEG_END, flags)
    continued = _decode(content + JPEG_CONTINUATION + JPEG_END, flags)
    is_complete = image is not None and continued is not None and np.array_equal(image, continued)
    return image if is_complete else None
