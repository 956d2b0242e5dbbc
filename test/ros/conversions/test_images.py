from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sensor_msgs", reason="sensor_msgs is not installed")

from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages, info_message
from scenerep_ros.ros.conversions.images import to_color, to_depth, to_frame_id, to_intrinsics

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


def test_what_replay_sends_comes_back():
    frame = RGBDFrame(COLOR, DEPTH, CAMERA, frame_id="camera_optical")
    sent = camera_messages(frame, "raw")
    assert np.array_equal(to_color(sent.color, "/c"), COLOR)
    assert np.array_equal(to_depth(sent.depth, "/d"), DEPTH)
    assert to_intrinsics(sent.camera_info, (4, 6), "/c") == CAMERA
    assert to_frame_id(sent.color) == "camera_optical"


def test_compressed_colour_comes_back_nearly():
    color = np.full((48, 64, 3), (200, 100, 50), np.uint8)
    sent = camera_messages(RGBDFrame(color), "compressed")
    back = to_color(sent.color, "/c")
    assert back.shape == color.shape
    assert np.abs(back.astype(int) - color).max() < 8


def test_depth_of_both_encodings_and_byte_orders_is_metres():
    millimetres = np.array([[0, 1000], [2500, 65535]], np.uint16)
    expected = np.array([[np.nan, 1.0], [2.5, np.nan]], np.float32)
    for order, big in (("<u2", False), (">u2", True)):
        sent = image(millimetres.astype(order), "16UC1", is_bigendian=big)
        assert np.array_equal(to_depth(sent, "/d"), expected, equal_nan=True)
    metres = np.array([[0, 1.0], [np.inf, np.nan]], ">f4")
    back = to_depth(image(metres, "32FC1", is_bigendian=True), "/d")
    assert np.array_equal(back, np.array([[np.nan, 1], [np.nan, np.nan]]), equal_nan=True)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (image(COLOR, "yuv422"), "yuv422"),
        (image(COLOR, "rgb8", step=5), "step"),
        (image(COLOR, "rgba8"), "step"),
        (image(COLOR[:2], "rgb8", step=600), "bytes"),
        (Image(encoding="rgb8"), "empty"),
        (CompressedImage(data=b"\xff\xd8\xff no jpeg"), "truncated"),
        (CompressedImage(data=b""), "damaged"),
    ],
)
def test_colour_that_cannot_be_read_is_named(message, said):
    with pytest.raises(FrameError) as caught:
        to_color(message, "/camera/color")
    assert "/camera/color" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (image(COLOR[..., 0], "8UC1"), "expected 16UC1 (mm) or 32FC1 (m)"),
        (image(DEPTH, "32FC1", step=3), "step"),
        (image(DEPTH[:1], "32FC1", step=7), "step"),
    ],
)
def test_depth_that_cannot_be_read_is_named(message, said):
    with pytest.raises(FrameError) as caught:
        to_depth(message, "/camera/depth")
    assert "/camera/depth" in str(caught.value)
    assert said in str(caught.value)


def test_rectified_topics_use_the_projection_matrix():
    info = info_message(CAMERA, (4, 6), Header())
    info.p = [400.0, 0.0, 2.5, 0.0, 0.0, 410.0, 1.5, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert to_intrinsics(info, (4, 6), "/rgb/image_raw") == CAMERA
    assert to_intrinsics(info, (4, 6), "/rgb/image_rect_color") == Intrinsics(400, 410, 2.5, 1.5)


@pytest.mark.parametrize("topic", ["/rgb/image_raw", "/rgb/image_rect"])
def test_an_uncalibrated_camera_is_refused(topic):
    with pytest.raises(FrameError, match="not calibrated"):
        to_intrinsics(CameraInfo(height=4, width=6), (4, 6), topic)


def test_calibration_of_another_size_is_refused():
    info = info_message(CAMERA, (480, 640), Header())
    with pytest.raises(FrameError, match="640x480"):
        to_intrinsics(info, (240, 320), "/c")
    info.width = info.height = 0  # not said
    assert to_intrinsics(info, (240, 320), "/c") == CAMERA


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=9, max_size=9))
def test_any_calibration_is_a_camera_or_an_error(k):
    info = CameraInfo(k=[float(value) for value in k])
    try:
        camera = to_intrinsics(info, (4, 6), "/c")
    except FrameError:
        return
    assert camera.fx > 0
    assert camera.fy > 0


@pytest.mark.parametrize(
    ("given_id", "expected"), [("/openni", "openni"), ("a/b", "a/b"), ("", "")]
)
def test_frame_ids_lose_the_leading_slash(given_id, expected):
    assert to_frame_id(Image(header=Header(frame_id=given_id))) == expected
