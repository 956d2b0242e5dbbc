"""Color encodings of sensor_msgs/Image: memory layout of the pixels and conversion to RGB."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.geometry.subsampling import sampling_step

SENSOR_BITS = (8, 10, 12, 14, 16)
"""Resolutions [bit] of image sensors, whose values drivers store in 16 bits."""
OUTPUT_BITS = 8
OFFSET_RATIO = 0.5
"""constant: darkest over brightest pixel from which an image has an offset, as thermal ones do."""
EXTREMES_PERCENT = (0.1, 99.9)
"""constant: percentiles of the darkest and brightest pixel, which leave out dead pixels."""

MAX_SAMPLES = 1 << 17
"""constant: pixels from which the extremes are computed, enough for these percentiles."""


@dataclass(frozen=True)
class ColorLayout:
    """Memory layout of the pixels of an encoding.

    Attributes:
        channels: number of channels.
        dtype: dtype of a channel.
        to_rgb: OpenCV's color conversion code to RGB; None for RGB.
        row_ratio: rows of the data over rows of the image, as a fraction; 3/2 for NV12, whose
            chroma follows the luma.
    """

    channels: int
    dtype: type[np.generic]
    to_rgb: int | None
    row_ratio: tuple[int, int] = (1, 1)

    def data_shape(self, height: int, width: int) -> tuple[int, ...]:
        """Return the shape of the data of an image of (height, width) pixels."""
        rows = height * self.row_ratio[0] // self.row_ratio[1]
        return (rows, width) if self.channels == 1 else (rows, width, self.channels)


_RGB_CODES: dict[str, tuple[int, int | None]] = {
    "rgb": (3, None),
    "bgr": (3, cv2.COLOR_BGR2RGB),
    "rgba": (4, cv2.COLOR_RGBA2RGB),
    "bgra": (4, cv2.COLOR_BGRA2RGB),
    "mono": (1, cv2.COLOR_GRAY2RGB),
    "bayer_rggb": (1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr": (1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg": (1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg": (1, cv2.COLOR_BayerGRBG2RGB),
}
_UNNAMED_CODES: dict[str, tuple[int, int | None]] = {
    "C1": (1, cv2.COLOR_GRAY2RGB),
    "C3": (3, cv2.COLOR_BGR2RGB),
    "C4": (4, cv2.COLOR_BGRA2RGB),
}
_YUV_CODES = {
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
}
_PLANAR_CODES = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}

COLOR_LAYOUTS = {
    **{
        f"{name}8": ColorLayout(count, np.uint8, code) for name, (count, code) in _RGB_CODES.items()
    },
    **{
        f"{name}16": ColorLayout(count, np.uint16, code)
        for name, (count, code) in _RGB_CODES.items()
    },
    **{f"8U{name}": ColorLayout(n, np.uint8, code) for name, (n, code) in _UNNAMED_CODES.items()},
    **{f"16U{name}": ColorLayout(n, np.uint16, code) for name, (n, code) in _UNNAMED_CODES.items()},
    **{name: ColorLayout(2, np.uint8, code) for name, code in _YUV_CODES.items()},
    **{name: ColorLayout(1, np.uint8, code, (3, 2)) for name, code in _PLANAR_CODES.items()},
}
"""Layouts by the encoding's name in sensor_msgs/image_encodings.hpp."""


def to_8_bits(pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Scale 16-bit values by the range that the sensor uses.

    The range starts at 0 and has the fewest of SENSOR_BITS that hold all values but those of dead
    pixels. A gray image whose values all lie far above 0, such as a thermal one, is scaled between its
    extremes.

    Args:
        pixels: (H, W) or (H, W, channels), any byte order.

    Returns:
        Pixels of the same shape.
    """
    dark, bright = _extremes(pixels)
    bits = next(bits for bits in SENSOR_BITS if bright < 1 << bits)
    shift = bits - OUTPUT_BITS
    is_gray = pixels.ndim == len("HW")
    has_offset = is_gray and dark > OFFSET_RATIO * bright and bright - dark >= 1 << shift
    if not has_offset:
        return np.asarray(np.minimum(pixels, (1 << bits) - 1) >> shift, np.uint8)
    scaled = (pixels.astype(np.float32) - np.float32(dark)) * np.float32(255 / (bright - dark))
    return np.asarray(scaled.clip(0, 255), np.uint8)


def _extremes(pixels: NDArray[np.uint16]) -> tuple[float, float]:
    """Return the values of the darkest and the brightest pixel, from a part of a large image."""
    step = sampling_step(pixels.shape[0] * pixels.shape[1], MAX_SAMPLES)
    dark, bright = np.percentile(pixels[::step, ::step], EXTREMES_PERCENT)
    return float(dark), float(bright)


def convert_to_rgb(pixels: NDArray[np.uint8], layout: ColorLayout) -> NDArray[np.uint8]:
    """Convert the pixels of an encoding to (H, W, 3) RGB.

    Args:
        pixels: contiguous, of `layout.data_shape`.
        layout: layout of the encoding.
    """
    if layout.to_rgb is None:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, layout.to_rgb), np.uint8)
