from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sensor_msgs", reason="sensor_msgs is not installed")

from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.conversions.images import to_color, to_depth, to_frame_id

COLOR = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
DEPTH = np.linspace(0.5, 3, 24, dtype=np.float32).reshape(4, 6)
CAMERA = Intrinsics(500.0, 510.0, 3.0, 2.0)


def image(pixels, encoding, step=None, is_bigendian=False):
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    step = pixels[0].nbytes if step is None else step
    message = Image(height=height, width=width, encoding=encoding, step=step)
    message.is_bigendian = int(is_bigendian)
    message.data = pixels.tobytes()
    return message


def test_conversions_raw_round_trip_is_exact():
    frame = RGBDFrame(COLOR, DEPTH, CAMERA, frame_id="camera_optical")
    message = camera_messages(frame, "raw")
    assert np.array_equal(to_color(message.color, "/c"), COLOR)
    assert np.array_equal(to_depth(message.depth, "/d"), DEPTH)
    calibration = Calibration.from_message(message.camera_info)
    assert calibration.intrinsics((4, 6), "/c") == CAMERA
    assert to_frame_id(message.color) == "camera_optical"


def test_to_color_compressed_round_trip_is_approximate():
    color = np.full((48, 64, 3), (200, 100, 50), np.uint8)
    message = camera_messages(RGBDFrame(color), "compressed")
    decoded = to_color(message.color, "/c")
    assert decoded.shape == color.shape
    assert np.abs(decoded.astype(int) - color).max() < 8


def test_to_depth_converts_all_encodings_to_meters():
    millimeters = np.array([[0, 1000], [2500, 65535]], np.uint16)
    expected = np.array([[np.nan, 1.0], [2.5, np.nan]], np.float32)
    for order, big in (("<u2", False), (">u2", True)):
        message = image(millimeters.astype(order), "16UC1", is_bigendian=big)
        assert np.array_equal(to_depth(message, "/d"), expected, equal_nan=True)
    meters = np.array([[0, 1.0], [np.inf, np.nan]], ">f4")
    decoded = to_depth(image(meters, "32FC1", is_bigendian=True), "/d")
    assert np.array_equal(decoded, np.array([[np.nan, 1], [np.nan, np.nan]]), equal_nan=True)


@pytest.mark.parametrize("transport", ["compressed", "compressedDepth"])
def test_to_depth_compressed_round_trip_is_exact_to_a_millimeter(transport):
    depth = DEPTH.copy()
    depth[0, :3] = np.nan
    message = camera_messages(RGBDFrame(COLOR, depth), "raw", transport).depth
    decoded = to_depth(message, "/d")
    assert np.array_equal(np.isnan(decoded), np.isnan(depth))
    np.testing.assert_allclose(decoded, depth, atol=0.0006)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (image(COLOR, "yuv411"), "yuv411"),
        (image(COLOR, "rgb8", step=5), "step"),
        (image(COLOR, "rgba8"), "step"),
        (image(COLOR[:2], "rgb8", step=600), "bytes"),
        (Image(encoding="rgb8"), "empty"),
        (CompressedImage(data=b"\xff\xd8\xff no jpeg"), "truncated"),
        (CompressedImage(data=b""), "damaged"),
    ],
)
def test_to_color_invalid_message_raises_with_topic(message, reason):
    with pytest.raises(FrameError) as caught:
        to_color(message, "/camera/color")
    assert "/camera/color" in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (image(COLOR[..., 0], "8UC1"), "expected 16UC1 (mm) or 32FC1 (m)"),
        (image(DEPTH, "32FC1", step=3), "step"),
        (image(DEPTH[:1], "32FC1", step=7), "step"),
    ],
)
def test_to_depth_invalid_message_raises_with_topic(message, reason):
    with pytest.raises(FrameError) as caught:
        to_depth(message, "/camera/depth")
    assert "/camera/depth" in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("given_id", "expected"), [("/openni", "openni"), ("a/b", "a/b"), ("", "")]
)
def test_to_frame_id_strips_the_leading_slash(given_id, expected):
    assert to_frame_id(Image(header=Header(frame_id=given_id))) == expected
