"""Decoding of compressed depth images."""

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.compressed_depth import decode_compressed_depth, decode_rvl

NAME = "depth topic /camera/depth"
SIZES = npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)
SPARSE = st.sampled_from([0, 0, 1, 700, 701, 4000, 65535])
DEPTHS = SIZES.flatmap(lambda size: npst.arrays(np.uint16, size, elements=SPARSE))


def png(image):
    return cv2.imencode(".png", image)[1].tobytes()


def variable_length(number):
    """Return the nibbles of a number, the lowest 3 bits first."""
    nibbles = []
    while True:
        low, number = number & 7, number >> 3
        nibbles.append(low | (8 if number else 0))
        if not number:
            return nibbles


def pack_nibbles(nibbles):
    """Return the words of nibbles, which are filled with zeros."""
    nibbles = nibbles + [0] * (-len(nibbles) % 8)
    words = [
        int("".join(f"{n:x}" for n in nibbles[i : i + 8]), 16) for i in range(0, len(nibbles), 8)
    ]
    return struct.pack(f"<{len(words)}I", *words)


def encode_rvl(depth):
    """Encode like compressed_depth_image_transport, one pixel after the other."""
    nibbles, previous, values = [], 0, depth.ravel().tolist()
    position = 0
    while position < len(values):
        for is_run in (lambda value: value == 0, lambda value: value != 0):
            end = position
            while end < len(values) and is_run(values[end]):
                end += 1
            nibbles += variable_length(end - position)
            if is_run(1):
                run = values[position:end]
            position = end
        for value in run:
            delta = value - previous
            nibbles += variable_length((delta << 1) ^ (delta >> 63))
            previous = value
    return struct.pack("<II", depth.shape[1], depth.shape[0]) + pack_nibbles(nibbles)


@given(DEPTHS)
def test_decode_rvl_inverts_the_encoder_of_image_transport(depth):
    np.testing.assert_array_equal(decode_rvl(encode_rvl(depth), NAME), depth)


@given(DEPTHS, st.sampled_from([png, encode_rvl]), st.booleans())
def test_compressed_depth_of_16_bits_is_millimeters(depth, encode, has_header):
    header = struct.pack("<iff", 0, 0.0, 0.0) if has_header or encode is encode_rvl else b""
    decoded = decode_compressed_depth(header + encode(depth), "16UC1; compressedDepth", NAME)
    is_valid = (depth > 0) & (depth < 65535)
    np.testing.assert_allclose(decoded[is_valid], depth[is_valid] / 1000, rtol=1e-6)
    assert np.isnan(decoded[~is_valid]).all()


def test_compressed_depth_of_32_bits_inverts_the_quantization():
    meters = np.array([[0.5, 1.0, 4.0, np.nan]], np.float32)
    scale, offset = 100.0 * 101.0, 1.0 - 101.0  # depth_quantization 100 at depth_max 10 m, rounded
    inverse = np.nan_to_num(np.rint(scale / meters + offset)).astype(np.uint16)
    data = struct.pack("<iff", 0, scale, offset) + png(inverse)
    decoded = decode_compressed_depth(data, "32FC1; compressedDepth png", NAME)
    np.testing.assert_allclose(decoded[0, :3], meters[0, :3], rtol=1e-3)
    assert np.isnan(decoded[0, 3])


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_compressed_depth_in_tiff_is_metric(dtype):
    depth = np.array([[700, 0], [1500, 4000]], dtype)
    meters = depth if dtype is np.float32 else depth / 1000
    data = cv2.imencode(".tiff", depth)[1].tobytes()
    decoded = decode_compressed_depth(data, "16UC1; tiff compressed", NAME)
    np.testing.assert_allclose(decoded, np.where(depth > 0, meters, np.nan), rtol=1e-6)


def test_compressed_depth_in_jpeg_names_the_remedy():
    data = cv2.imencode(".jpg", np.zeros((4, 4), np.uint8))[1].tobytes()
    with pytest.raises(FrameError, match="is a JPEG, which holds no depth; record the raw topic"):
        decode_compressed_depth(data, "16UC1; jpeg compressed", NAME)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 12,
        b"\0" * 12 + struct.pack("<II", 2**31, 2**31) + b"\0" * 8,
        b"\0" * 12 + struct.pack("<II", 4, 4) + b"\0" * 8,
        b"\0" * 12 + encode_rvl(np.full((4, 4), 700, np.uint16))[:-4],
        b"\0" * 12 + png(np.zeros((4, 4), np.uint16))[:-20],
    ],
)
def test_damaged_compressed_depth_is_rejected(data):
    with pytest.raises(FrameError, match=f"^{NAME}: "):
        decode_compressed_depth(data, "16UC1; compressedDepth", NAME)


@pytest.mark.parametrize("counts_before", [[], [1]])
@pytest.mark.parametrize("groups", range(20, 30))
def test_rvl_with_overflowing_count_is_rejected(counts_before, groups):
    overflowing = [15] * groups + [7]  # such as a block of 0xff bytes
    data = struct.pack("<II", 8, 8) + pack_nibbles(counts_before + overflowing + [2, 1, 1, 2, 1])
    with pytest.raises(FrameError, match="compressed depth is"):
        decode_rvl(data, NAME)
