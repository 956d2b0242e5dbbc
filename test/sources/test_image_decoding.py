"""Decoding of raw and compressed image data."""

import zlib
from array import array
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.image_decoding import (
    decode_color,
    decode_compressed_color,
    decode_compressed_mono,
    decode_depth,
    metric_depth,
)

SIZES = npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7)
COLORS = SIZES.flatmap(lambda size: npst.arrays(np.uint8, (*size, 3)))
PADDING = st.integers(0, 5)
NAME = "depth topic /camera/depth/image"


def padded(image, padding):
    """Return bytes and step of an image whose rows end in padding."""
    rows = np.ascontiguousarray(image).view(np.uint8).reshape(len(image), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=7)
    return rows.tobytes(), rows.shape[1]


def decoded_color(image, encoding, padding=0, bigendian=False):
    data, step = padded(image, padding)
    return decode_color(data, *image.shape[:2], encoding, step, bigendian, NAME)


def decoded_depth(image, encoding, padding=0, bigendian=False):
    data, step = padded(image, padding)
    return decode_depth(data, *image.shape, encoding, step, bigendian, NAME)


@given(COLORS, PADDING)
def test_decode_color_of_each_encoding_returns_rgb(rgb, padding):
    alpha = np.full_like(rgb[..., :1], 3)
    bgr = rgb[..., ::-1]
    for encoding, stored in {
        "rgb8": rgb,
        "bgr8": bgr,
        "rgba8": np.concatenate([rgb, alpha], axis=2),
        "bgra8": np.concatenate([bgr, alpha], axis=2),
    }.items():
        decoded = decoded_color(stored, encoding, padding)
        assert decoded.flags.c_contiguous
        np.testing.assert_array_equal(decoded, rgb)


@given(COLORS, PADDING, st.booleans())
def test_decode_color_of_mono_repeats_the_channel(rgb, padding, bigendian):
    gray = np.pad(rgb[..., 0], ((0, 1), (0, 1)))
    gray[-1, 0] = 255  # the whole range of 16 bits is in use
    expected = np.stack([gray] * 3, axis=2)
    wide = (gray.astype(np.uint16) * 257).astype(">u2" if bigendian else "<u2")
    np.testing.assert_array_equal(decoded_color(gray, "mono8", padding), expected)
    np.testing.assert_array_equal(decoded_color(wide, "mono16", padding, bigendian), expected)


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "bayer_bggr8", "bayer_gbrg8", "bayer_grbg8"])
def test_decode_color_of_bayer_pattern_preserves_red(encoding):
    """A red surface excites only the red pixels of the pattern."""
    pattern = encoding[len("bayer_") : -1]
    tile = np.array(
        [255 if filter_color == "r" else 0 for filter_color in pattern], np.uint8
    ).reshape(2, 2)
    decoded = decoded_color(np.tile(tile, (4, 4)), encoding)
    np.testing.assert_array_equal(decoded[4, 4], [255, 0, 0])


YUV_WHITE_AND_RED = {
    "yuv422": [128, 235, 128, 235, 90, 81, 240, 81],
    "uyvy": [128, 235, 128, 235, 90, 81, 240, 81],
    "yuv422_yuy2": [235, 128, 235, 128, 81, 90, 81, 240],
    "yuyv": [235, 128, 235, 128, 81, 90, 81, 240],
}
"""Two white and two red pixels (BT.601) in each encoding of YUV 4:2:2."""


@pytest.mark.parametrize("encoding", YUV_WHITE_AND_RED)
def test_decode_color_of_yuv_422_returns_rgb(encoding):
    stored = np.tile(np.array(YUV_WHITE_AND_RED[encoding], np.uint8).reshape(1, 4, 2), (2, 1, 1))
    decoded = decoded_color(stored, encoding, padding=3)
    np.testing.assert_allclose(decoded[:, :2], 255, atol=3)
    np.testing.assert_allclose(decoded[0, 3], [255, 0, 0], atol=5)


@pytest.mark.parametrize(("encoding", "chroma"), [("nv12", (90, 240)), ("nv21", (240, 90))])
def test_decode_color_of_planar_yuv_returns_rgb(encoding, chroma):
    stored = np.array([[81] * 4, [81] * 4, [*chroma, *chroma]], np.uint8)
    data, step = padded(stored, 2)
    decoded = decode_color(data, 2, 4, encoding, step, False, NAME)
    assert decoded.shape == (2, 4, 3)
    np.testing.assert_allclose(decoded, np.full((2, 4, 3), (255, 0, 0)), atol=5)


@pytest.mark.parametrize(("encoding", "width"), [("uyvy", 3), ("nv12", 3), ("nv12", 4)])
def test_decode_color_of_odd_yuv_size_is_rejected(encoding, width):
    with pytest.raises(FrameError, match=f"{width}x3 pixels, expected even sizes"):
        decode_color(bytes(99), 3, width, encoding, 8, False, NAME)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    "encoding", ["mono16", "rgb16", "bgr16", "rgba16", "bayer_rggb16", "16UC1"]
)
def test_decode_color_of_16_bits_uses_the_sensor_range(encoding, bits):
    gray = np.linspace(0, 2**bits - 1, 16 * 16).astype(np.uint16).reshape(16, 16)
    channels = {"rgb16": 3, "bgr16": 3, "rgba16": 4}.get(encoding, 1)
    stored = gray if channels == 1 else np.stack([gray] * channels, axis=2)
    decoded = decoded_color(stored, encoding)
    assert decoded.dtype == np.uint8
    np.testing.assert_allclose(decoded[1:-1, 1:-1, 1], gray[1:-1, 1:-1] >> (bits - 8), atol=1)


def test_decode_color_of_thermal_image_removes_its_offset():
    kelvin_100 = np.linspace(29_000, 31_000, 400).astype(np.uint16).reshape(20, 20)
    decoded = decoded_color(kelvin_100, "mono16")
    assert decoded.min() < 5
    assert decoded.max() > 250


def test_decode_color_of_dark_16_bit_image_stays_dark():
    assert decoded_color(np.full((4, 4), 3, np.uint16), "mono16").max() == 3


def test_decode_color_of_unpadded_rgb8_returns_a_view():
    data = array("B", range(2 * 3 * 3))
    decoded = decode_color(data, 2, 3, "rgb8", 9, False, NAME)
    data[0] = 200
    assert decoded[0, 0, 0] == 200


@given(SIZES.flatmap(lambda size: npst.arrays(np.uint16, size)), PADDING, st.booleans())
def test_decode_depth_of_16_bits_converts_millimeters(millimeters, padding, bigendian):
    stored = millimeters.astype(">u2" if bigendian else "<u2")
    depth = decoded_depth(stored, "16UC1", padding, bigendian)
    assert depth.dtype == np.float32
    valid = (millimeters > 0) & (millimeters < 65535)
    np.testing.assert_array_equal(np.isnan(depth), ~valid)
    np.testing.assert_allclose(depth[valid], millimeters[valid] / 1000, rtol=1e-6)


@given(
    SIZES.flatmap(lambda size: npst.arrays(np.float32, size, elements=st.floats(width=32))),
    PADDING,
    st.booleans(),
)
def test_decode_depth_of_32_bits_keeps_meters(meters, padding, bigendian):
    stored = meters.astype(">f4" if bigendian else "<f4")
    depth = decoded_depth(stored, "32FC1", padding, bigendian)
    assert depth.dtype == np.float32
    valid = np.isfinite(meters) & (meters > 0)
    np.testing.assert_array_equal(depth, np.where(valid, meters, np.float32(np.nan)))


def test_metric_depth_scales_values_and_keeps_its_input():
    raw = np.array([[0, 5000, 65535]], np.uint16)
    np.testing.assert_array_equal(metric_depth(raw, 1 / 5000), [[np.nan, 1.0, np.nan]])
    np.testing.assert_array_equal(raw, [[0, 5000, 65535]])


def test_decode_with_unknown_encoding_names_the_expected_ones():
    with pytest.raises(
        FrameError, match=r"^depth topic /camera/depth/image: encoding 8UC1, expected 16UC1 \(mm\)"
    ):
        decoded_depth(np.zeros((2, 2), np.uint8), "8UC1")
    with pytest.raises(FrameError, match=r"encoding 32FC1, expected one of rgb8, bgr8"):
        decoded_color(np.zeros((2, 2), np.float32), "32FC1")


@pytest.mark.parametrize(
    ("height", "width", "step", "message"),
    [
        (0, 4, 8, "4x0 pixels"),
        (4, 0, 8, "0x4 pixels"),
        (4, 4, 7, "step is 7, expected 8"),
        (4, 4, 0, "step is 0, expected 8"),
        (5, 4, 8, "data has 32 bytes, expected 40"),
        (2**31, 2**31, 2**32, "data has 32 bytes"),
    ],
)
def test_decode_depth_with_contradicting_sizes_is_rejected(height, width, step, message):
    with pytest.raises(FrameError, match=f"^{NAME}: .*{message}"):
        decode_depth(bytes(32), height, width, "16UC1", step, False, NAME)


def test_decode_color_of_one_bayer_pixel_returns_one_pixel():
    assert decoded_color(np.zeros((1, 1), np.uint8), "bayer_rggb8").shape == (1, 1, 3)


@pytest.fixture(scope="module")
def photo():
    """Return a smooth RGB image, which JPEG preserves to a few gray levels."""
    v, u = np.mgrid[0:48, 0:64]
    return np.stack([4 * u, 5 * v, 255 - 4 * u], axis=2).astype(np.uint8)


def compressed(rgb, extension):
    return cv2.imencode(extension, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def test_decode_compressed_color_returns_rgb(photo):
    np.testing.assert_array_equal(decode_compressed_color(compressed(photo, ".png"), NAME), photo)
    from_jpeg = decode_compressed_color(array("B", compressed(photo, ".jpg")), NAME)
    assert np.abs(from_jpeg.astype(int) - photo).mean() < 5


def test_decode_compressed_color_of_gray_returns_rgb(photo):
    gray = cv2.imencode(".png", photo[..., 0])[1].tobytes()
    assert decode_compressed_color(gray, NAME).shape == photo.shape


@given(depth=SIZES.flatmap(lambda size: npst.arrays(np.uint16, size)))
def test_decode_compressed_mono_preserves_values(depth):
    decoded = decode_compressed_mono(cv2.imencode(".png", depth)[1].tobytes(), NAME)
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, depth)


def test_decode_compressed_mono_of_color_is_rejected(photo):
    with pytest.raises(FrameError, match="has 3 channels, expected one"):
        decode_compressed_mono(compressed(photo, ".png"), NAME)


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_decode_compressed_color_of_damaged_image_is_rejected(photo, extension):
    data = compressed(photo, extension)
    for damaged in (data[: len(data) // 2], data[:40], data[100:], b"", b"no image"):
        with pytest.raises(FrameError, match=f"^{NAME}: image is"):
            decode_compressed_color(damaged, NAME)


def test_decode_compressed_color_without_jpeg_end_marker(photo):
    """Some cameras leave the marker out, or pad their buffers."""
    data = compressed(photo, ".jpg")
    expected = decode_compressed_color(data, NAME)
    for variant in (data[:-2], data[:-2] + bytes(50), data + bytes(50), data + b"more"):
        np.testing.assert_array_equal(decode_compressed_color(variant, NAME), expected)


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_decode_compressed_color_of_truncated_jpeg_is_rejected(photo, progressive, share):
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    data = cv2.imencode(".jpg", photo, options)[1].tobytes()
    with pytest.raises(FrameError, match="image is"):
        decode_compressed_color(data[: int(share * len(data))], NAME)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_decode_compressed_mono_of_palette_returns_indices(bits):
    indices = np.arange(64, dtype=np.uint8).reshape(8, 8) & ((1 << bits) - 1)
    image = Image.fromarray(indices)
    image.putpalette([value for index in range(256) for value in (index * 7 % 256, 3, 9)])
    content = BytesIO()
    image.save(content, "PNG", bits=bits)
    np.testing.assert_array_equal(decode_compressed_mono(content.getvalue(), NAME), indices)


def test_decode_compressed_mono_of_gray_saved_as_color(photo):
    gray = photo[..., 0]
    content = compressed(np.stack([gray] * 3, axis=2), ".png")
    np.testing.assert_array_equal(decode_compressed_mono(content, NAME), gray)


def test_decode_compressed_color_of_corrupt_png_is_rejected(photo):
    data = bytearray(compressed(photo, ".png"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(FrameError, match="image is damaged"):
        decode_compressed_color(data, NAME)


@pytest.mark.parametrize("encoding", ["mono16", "rgb16", "bayer_rggb16"])
def test_decode_color_of_16_bits_ignores_dead_pixels(encoding):
    shape = (60, 80, 3) if encoding == "rgb16" else (60, 80)
    ten_bits = np.random.default_rng(0).integers(0, 1024, shape, dtype=np.uint16)
    expected = decoded_color(ten_bits, encoding)
    ten_bits.reshape(-1)[[17, 2500]] = 65535
    assert np.abs(decoded_color(ten_bits, encoding).astype(int) - expected).mean() < 1


@pytest.mark.parametrize("size", [(65535, 65535), (2**31 - 1, 2**31 - 1), (1 << 26, 2)])
@pytest.mark.parametrize("decode", [decode_compressed_color, decode_compressed_mono])
def test_decode_compressed_of_a_huge_announced_size_is_refused(photo, decode, size):
    content = bytearray(cv2.imencode(".png", photo)[1].tobytes())
    content[16:24] = np.array(size, ">u4").tobytes()
    content[29:33] = np.array(zlib.crc32(content[12:29]), ">u4").tobytes()
    with pytest.raises(FrameError, match="header is damaged"):
        decode(bytes(content), "image.png")
