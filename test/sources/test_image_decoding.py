"""Raw and compressed image data becomes the same arrays, whatever its layout."""

from array import array

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.image_decoding import (
    decode_color,
    decode_compressed_color,
    decode_compressed_single,
    decode_depth,
    metric_depth,
)

SIZES = npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7)
COLORS = SIZES.flatmap(lambda size: npst.arrays(np.uint8, (*size, 3)))
PADDING = st.integers(0, 5)
NAME = "depth topic /camera/depth/image"


def padded(image, padding):
    """Bytes and step of an image whose rows end in padding."""
    rows = np.ascontiguousarray(image).view(np.uint8).reshape(len(image), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=7)
    return rows.tobytes(), rows.shape[1]


def color_of(image, encoding, padding=0, bigendian=False):
    data, step = padded(image, padding)
    return decode_color(data, *image.shape[:2], encoding, step, bigendian, NAME)


def depth_of(image, encoding, padding=0, bigendian=False):
    data, step = padded(image, padding)
    return decode_depth(data, *image.shape, encoding, step, bigendian, NAME)


@given(COLORS, PADDING)
def test_color_encodings_become_rgb(rgb, padding):
    alpha = np.full_like(rgb[..., :1], 3)
    bgr = rgb[..., ::-1]
    for encoding, stored in {
        "rgb8": rgb,
        "bgr8": bgr,
        "rgba8": np.concatenate([rgb, alpha], axis=2),
        "bgra8": np.concatenate([bgr, alpha], axis=2),
    }.items():
        decoded = color_of(stored, encoding, padding)
        assert decoded.flags.c_contiguous
        np.testing.assert_array_equal(decoded, rgb)


@given(COLORS, PADDING, st.booleans())
def test_mono_becomes_grey(rgb, padding, bigendian):
    gray = rgb[..., 0]
    expected = np.stack([gray] * 3, axis=2)
    wide = (gray.astype(np.uint16) * 257).astype(">u2" if bigendian else "<u2")
    np.testing.assert_array_equal(color_of(gray, "mono8", padding), expected)
    np.testing.assert_array_equal(color_of(wide, "mono16", padding, bigendian), expected)


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "bayer_bggr8", "bayer_gbrg8", "bayer_grbg8"])
def test_bayer_patterns_keep_red_red(encoding):
    """A red surface excites only the red cells of the pattern."""
    pattern = encoding[len("bayer_") : -1]
    tile = np.array([255 if cell == "r" else 0 for cell in pattern], np.uint8).reshape(2, 2)
    decoded = color_of(np.tile(tile, (4, 4)), encoding)
    np.testing.assert_array_equal(decoded[4, 4], [255, 0, 0])


def test_tight_rgb8_is_a_view():
    data = array("B", range(2 * 3 * 3))
    decoded = decode_color(data, 2, 3, "rgb8", 9, False, NAME)
    data[0] = 200
    assert decoded[0, 0, 0] == 200


@given(SIZES.flatmap(lambda size: npst.arrays(np.uint16, size)), PADDING, st.booleans())
def test_16_bit_depth_is_millimetres(millimetres, padding, bigendian):
    stored = millimetres.astype(">u2" if bigendian else "<u2")
    depth = depth_of(stored, "16UC1", padding, bigendian)
    assert depth.dtype == np.float32
    valid = (millimetres > 0) & (millimetres < 65535)
    np.testing.assert_array_equal(np.isnan(depth), ~valid)
    np.testing.assert_allclose(depth[valid], millimetres[valid] / 1000, rtol=1e-6)


@given(
    SIZES.flatmap(lambda size: npst.arrays(np.float32, size, elements=st.floats(width=32))),
    PADDING,
    st.booleans(),
)
def test_32_bit_depth_is_metres(metres, padding, bigendian):
    stored = metres.astype(">f4" if bigendian else "<f4")
    depth = depth_of(stored, "32FC1", padding, bigendian)
    assert depth.dtype == np.float32
    valid = np.isfinite(metres) & (metres > 0)
    np.testing.assert_array_equal(depth, np.where(valid, metres, np.float32(np.nan)))


def test_metric_depth_scales_and_leaves_its_input_alone():
    raw = np.array([[0, 5000, 65535]], np.uint16)
    np.testing.assert_array_equal(metric_depth(raw, 1 / 5000), [[np.nan, 1.0, np.nan]])
    np.testing.assert_array_equal(raw, [[0, 5000, 65535]])


def test_unknown_encodings_are_named():
    with pytest.raises(
        FrameError, match=r"^depth topic /camera/depth/image: encoding 8UC1, expected 16UC1 \(mm\)"
    ):
        depth_of(np.zeros((2, 2), np.uint8), "8UC1")
    with pytest.raises(FrameError, match=r"encoding 32FC1, expected one of rgb8, bgr8"):
        color_of(np.zeros((2, 2), np.float32), "32FC1")


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
def test_contradicting_sizes_are_refused(height, width, step, message):
    with pytest.raises(FrameError, match=f"^{NAME}: .*{message}"):
        decode_depth(bytes(32), height, width, "16UC1", step, False, NAME)


def test_one_pixel_of_a_bayer_pattern_has_a_color():
    assert color_of(np.zeros((1, 1), np.uint8), "bayer_rggb8").shape == (1, 1, 3)


@pytest.fixture(scope="module")
def photo():
    """A smooth RGB image, which JPEG keeps within a few grey levels."""
    v, u = np.mgrid[0:48, 0:64]
    return np.stack([4 * u, 5 * v, 255 - 4 * u], axis=2).astype(np.uint8)


def compressed(rgb, extension):
    return cv2.imencode(extension, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def test_compressed_color_is_rgb(photo):
    np.testing.assert_array_equal(decode_compressed_color(compressed(photo, ".png"), NAME), photo)
    from_jpeg = decode_compressed_color(array("B", compressed(photo, ".jpg")), NAME)
    assert np.abs(from_jpeg.astype(int) - photo).mean() < 5


def test_compressed_gray_becomes_rgb(photo):
    gray = cv2.imencode(".png", photo[..., 0])[1].tobytes()
    assert decode_compressed_color(gray, NAME).shape == photo.shape


@given(depth=SIZES.flatmap(lambda size: npst.arrays(np.uint16, size)))
def test_compressed_single_keeps_its_values(depth):
    decoded = decode_compressed_single(cv2.imencode(".png", depth)[1].tobytes(), NAME)
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, depth)


def test_compressed_single_refuses_color(photo):
    with pytest.raises(FrameError, match="has 3 channels, expected one"):
        decode_compressed_single(compressed(photo, ".png"), NAME)


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_damaged_images_are_refused(photo, extension):
    data = compressed(photo, extension)
    for damaged in (data[: len(data) // 2], data[:40], data[100:], b"", b"no image"):
        with pytest.raises(FrameError, match=f"^{NAME}: image is"):
            decode_compressed_color(damaged, NAME)


def test_flipped_bits_in_a_png_are_refused(photo):
    data = bytearray(compressed(photo, ".png"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(FrameError, match="image is damaged"):
        decode_compressed_color(data, NAME)
