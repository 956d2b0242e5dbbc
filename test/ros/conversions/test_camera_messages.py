"""Round trips of frames through camera messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.time import Time as RosTime
from std_msgs.msg import Header

from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.ros.conversions.camera_messages import (
    camera_messages,
    image_message,
    stamp_from_ns,
    stamp_to_ns,
)
from scenerep_ros.ros.conversions.images import to_color, to_depth

FOCAL = st.floats(1.0, 1e4)
PRINCIPAL_POINT = st.floats(-1e3, 1e4)


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamp_conversion_round_trip_is_exact(stamp_ns):
    assert stamp_to_ns(stamp_from_ns(stamp_ns)) == stamp_ns


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_camera_messages_of_any_stamp_are_publishable(stamp_ns):
    frame = RGBDFrame(np.zeros((4, 6, 3), np.uint8), stamp_ns=stamp_ns)
    published_ns = RosTime.from_msg(camera_messages(frame, "raw").stamp).nanoseconds
    assert (published_ns - stamp_ns) % (2**31 * 10**9) == 0
    assert published_ns == stamp_ns or not 0 <= stamp_ns < 2**31 * 10**9


@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_camera_messages_round_trip_keeps_color_and_depth(height, width, seed):
    random = np.random.default_rng(seed)
    color = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    depth = random.uniform(0.5, 5, (height, width)).astype(np.float32)
    depth[0, 0] = np.nan
    messages = camera_messages(RGBDFrame(color, depth, stamp_ns=7, frame_id="eye"), "raw")
    np.testing.assert_array_equal(to_color(messages.color, "c"), color)
    np.testing.assert_array_equal(to_depth(messages.depth, "d"), depth)
    assert messages.camera_info is None
    assert messages.depth.header == messages.color.header


@given(FOCAL, FOCAL, PRINCIPAL_POINT, PRINCIPAL_POINT)
def test_camera_messages_round_trip_keeps_intrinsics_in_k_and_p(fx, fy, cx, cy):
    camera = Intrinsics(fx, fy, cx, cy)
    frame = RGBDFrame(np.zeros((4, 6, 3), np.uint8), intrinsics=camera)
    info = camera_messages(frame, "raw").camera_info
    for topic in ("/rgb/image_raw", "/rgb/image_rect_color"):
        assert Calibration.from_message(info).intrinsics((4, 6), topic) == camera
    assert (info.width, info.height) == (6, 4)
    assert not any(info.d)


def test_image_message_of_strided_view_copies_in_order():
    pixels = np.arange(24, dtype=np.uint16).reshape(4, 6)[:, ::2]
    message = image_message(pixels, "mono16", Header())
    assert (message.height, message.width, message.step) == (4, 3, 6)
    assert bytes(message.data) == pixels.tobytes()
